"""Fixtures of the downloader's tests."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from async_download_client import Client, Event, Timing

from client.tests.support.fake_stack import FakeStack

QUICK = Timing(
    attempts=3,
    first_retry_delay=0.01,
    max_retry_delay=0.02,
    first_status_delay=0.05,
    max_status_delay=0.05,
    answer_timeout=5.0,
    first_poll_delay=0.01,
    max_poll_delay=0.02,
    max_outage=0.1,
)


@pytest.fixture
def stack() -> Iterator[FakeStack]:
    """A stack that says `ready` at once, unless told otherwise."""
    with FakeStack() as running:
        yield running


@pytest.fixture
def client(stack: FakeStack) -> Iterator[Client]:
    """A client in a hurry."""
    with Client(stack.api_url, timeout=5, timing=QUICK) as made:
        yield made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where to."""
    return tmp_path / "report.bin"


@pytest.fixture
def clean(target: Path) -> Iterator[None]:
    """Nothing but the file itself may stay."""
    yield
    assert set(target.parent.iterdir()) <= {target}


@pytest.fixture
def events() -> list[Event]:
    """What happened, when its `append` is the callback."""
    return []


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object]], None]:
    """Polls until a probe is truthy, for at most ten seconds."""

    def poll(probe: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not (last := probe()):
            assert time.monotonic() < deadline, f"still {last!r} after 10 s"
            time.sleep(0.005)

    return poll


@pytest.fixture
def keep_signals() -> Iterator[None]:
    """The handlers of this process, put back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
