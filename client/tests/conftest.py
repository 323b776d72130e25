"""Fixtures of the downloader's tests."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from async_download_client import Client, Event, ReadyFile, Timing, Verified

from client.tests.support.fake_stack import FakeStack

Fetch = Callable[..., Verified]
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
    """A stack that sends `ready` at once, unless a test changes that."""
    with FakeStack() as running:
        yield running


@pytest.fixture
def client(stack: FakeStack) -> Iterator[Client]:
    """A client with short delays."""
    with Client(stack.api_url, timeout=5, timing=QUICK) as client:
        yield client


@pytest.fixture
def file(client: Client) -> ReadyFile:
    """The file that the stack offers."""
    return client.wait(client.request("q3.csv"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The path to download to."""
    return tmp_path / "report.bin"


@pytest.fixture
def fetch(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> Fetch:
    """Fetches the file, or another one, to the target; what arrives has to be the stack's content."""

    def run(file: ReadyFile = file, **options: Any) -> Verified:
        verified = client.fetch(file, target, **options)
        assert target.read_bytes() == stack.content
        return verified

    return run


@pytest.fixture
def clean(target: Path) -> Iterator[None]:
    """Fails the test if anything but the target is left in its folder."""
    yield
    assert set(target.parent.iterdir()) <= {target}


@pytest.fixture
def events() -> list[Event]:
    """A list for `on_event=events.append`."""
    return []


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object]], None]:
    """Polls until a probe is true, for at most ten seconds."""

    def poll(probe: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not (last := probe()):
            assert time.monotonic() < deadline, f"still {last!r} after 10 s"
            time.sleep(0.005)

    return poll


@pytest.fixture
def keep_signals() -> Iterator[None]:
    """Restores the signal handlers of this process after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
