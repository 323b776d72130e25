"""Faults between the client and S3: each download ends with the right file or the right error."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from async_download_client import (
    AsyncDownloadError,
    ChecksumMismatchError,
    Client,
    LinkRefusedError,
    NetworkError,
    ObjectChangedError,
    ReadyFile,
    Timing,
)
from async_download_client.transfer import segments
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from client.tests.support.examples import some
from client.tests.support.fake_stack import FakeStack
from client.tests.support.fault_proxy import Act, FaultProxy, Kind

SIZE, SEGMENT = 200_000, 40_000
RETRY_FOR_LONG = Timing(attempts=5, first_retry_delay=0.001, max_retry_delay=0.005, max_outage=30.0)
REFUSALS = (Kind.EXPIRED, Kind.SESSION_OVER)
ACTS = st.builds(Act, st.sampled_from([kind for kind in Kind if kind is not Kind.STALL]), st.integers(0, SEGMENT - 1))
STALLS = st.builds(Act, st.just(Kind.STALL), st.integers(0, SEGMENT - 1))
SCHEDULES = st.builds(lambda acts, stalls: stalls + acts, st.lists(ACTS, max_size=12), st.lists(STALLS, max_size=1))


@dataclass
class FaultyStack:
    """A stack whose S3 is reached through the fault proxy."""

    stack: FakeStack
    proxy: FaultProxy

    def reset(self, schedule: list[Act]) -> None:
        """Restore the file and set a new schedule."""
        self.stack.etag, self.stack.content = '"of-the-file"', self.original
        self.proxy.schedule, self.proxy.done = list(schedule), []

    def __post_init__(self) -> None:
        self.original = self.stack.content
        self.stack.s3_url = self.proxy.url
        self.stack.set_ready()
        self.proxy.replace = self._replace

    def _replace(self) -> None:
        self.stack.etag, self.stack.content = '"of-another"', self.original[::-1]


@pytest.fixture(scope="module")
def faulty_stack() -> Iterator[FaultyStack]:
    """A stack with small segments, shared by all tests."""
    with pytest.MonkeyPatch.context() as patch, FakeStack(SIZE) as stack, FaultProxy(stack.url) as proxy:
        patch.setattr(segments, "MIN_SEGMENT_BYTES", SEGMENT)
        yield FaultyStack(stack, proxy)


def acceptable_errors(done: list[Act]) -> set[type[AsyncDownloadError]]:
    """Return the errors that these faults may cause."""
    kinds = [act.kind for act in done]
    errors: set[type[AsyncDownloadError]] = set()
    if Kind.FLIP in kinds:
        errors.add(ChecksumMismatchError)
    if Kind.REPLACED in kinds:
        errors.add(ObjectChangedError)
    if sum(kind in REFUSALS for kind in kinds) > 2:
        errors.add(LinkRefusedError)
    return errors


@settings(max_examples=some(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schedule=SCHEDULES, parallel=st.integers(1, 4), to_stream=st.booleans())
@example(schedule=[Act(Kind.STALL, 10), Act(Kind.RESET, 10), Act(Kind.EXPIRED)], parallel=1, to_stream=False)
@example(schedule=[Act(Kind.EXPIRED)] * 3, parallel=1, to_stream=False)
@example(schedule=[Act(Kind.CLOSE, 10), Act(Kind.REPLACED)], parallel=1, to_stream=False)
@example(schedule=[Act(Kind.FLIP), *[Act(Kind.EXPIRED)] * 3], parallel=1, to_stream=False)
def test_any_schedule_of_faults_ends_with_the_right_file_or_an_explained_error(
    faulty_stack: FaultyStack, schedule: list[Act], parallel: int, to_stream: bool
) -> None:
    faulty_stack.reset(schedule)
    with tempfile.TemporaryDirectory() as folder, client_of(faulty_stack, parallel) as client:
        file = client.wait(client.request("q3.csv"))
        target, out = Path(folder) / "file", io.BytesIO()
        error = error_of(lambda: client.fetch(file, out if to_stream else target))
        left = list(Path(folder).iterdir())
        if error is None:
            assert (out.getvalue() if to_stream else target.read_bytes()) == faulty_stack.original
            assert left == ([] if to_stream else [target])
            return
        assert type(error) in acceptable_errors(faulty_stack.proxy.done), (error, faulty_stack.proxy.done)
        assert target not in left
        assert left == [] or type(error) is LinkRefusedError, "what is known to be wrong is not kept"
        flipped = Kind.FLIP in [act.kind for act in faulty_stack.proxy.done]
        faulty_stack.reset([])
        if left and flipped and error_of(lambda: client.fetch(with_new_url(client, file), target)):
            assert list(Path(folder).iterdir()) == [], "bytes that were flipped before the end are not kept after it"
        if not target.exists():
            client.fetch(with_new_url(client, file), target)
        assert target.read_bytes() == faulty_stack.original


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.PASS])
def test_each_kind_of_fault_happens_and_has_its_result(faulty_stack: FaultyStack, tmp_path: Path, kind: Kind) -> None:
    faulty_stack.reset([Act(Kind.CLOSE, 100), Act(kind, 100)])
    expected = {Kind.FLIP: ChecksumMismatchError, Kind.REPLACED: ObjectChangedError}.get(kind)
    with client_of(faulty_stack, 1) as client:
        file = client.wait(client.request("q3.csv"))
        if expected:
            with pytest.raises(expected):
                client.fetch(file, tmp_path / "file")
        else:
            client.fetch(file, tmp_path / "file")
            assert (tmp_path / "file").read_bytes() == faulty_stack.original
    assert [act.kind for act in faulty_stack.proxy.done[:2]] == [Kind.CLOSE, kind]


@pytest.mark.parametrize("kind", [Kind.CLOSE, Kind.RESET, Kind.REFUSE, Kind.SLOW_DOWN, Kind.EXPIRED])
def test_a_fault_that_never_stops_ends_in_an_error(faulty_stack: FaultyStack, tmp_path: Path, kind: Kind) -> None:
    faulty_stack.reset([Act(kind, 0)] * 10_000)
    error = LinkRefusedError if kind is Kind.EXPIRED else NetworkError
    with client_of(faulty_stack, 3, max_outage=0.2) as client:
        file = client.wait(client.request("q3.csv"))
        with pytest.raises(error):
            client.fetch(file, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def error_of(work: Callable[[], object]) -> AsyncDownloadError | None:
    """Return the AsyncDownloadError that the work raises, or None."""
    try:
        work()
    except AsyncDownloadError as error:
        return error
    return None


def client_of(faulty_stack: FaultyStack, parallel: int, max_outage: float = RETRY_FOR_LONG.max_outage) -> Client:
    """Return a client with a short read time-out that retries for long."""
    return Client(
        faulty_stack.stack.api_url,
        timeout=0.05,
        timing=replace(RETRY_FOR_LONG, max_outage=max_outage),
        parallel=parallel,
    )


def with_new_url(client: Client, file: ReadyFile) -> ReadyFile:
    """Return the same file with a new URL."""
    status = client.status(file.download)
    assert status.file is not None
    return status.file
