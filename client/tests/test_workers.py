"""`fetch` with several ranges at a time, to files and streams; the rate limit, and stopping."""

from __future__ import annotations

import io
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

import pytest
from async_download_client import (
    ChecksumMismatchError,
    Client,
    Event,
    FileError,
    NetworkError,
    ReadyFile,
    Received,
    Retrying,
    StoppedError,
    StopSignal,
)
from async_download_client.transfer import crc32, segments, throttle, workers
from async_download_client.transfer.throttle import Throttle
from hypothesis import given
from hypothesis import strategies as st

from client.tests.conftest import QUICK, Fetch
from client.tests.support.fake_stack import FakeStack, Fault

SEGMENT = 50_000
WaitFor = Callable[[Callable[[], object]], None]
AssertStops = Callable[[Callable[[], object], Callable[[], object]], None]


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divides the 300,000 bytes into six segments."""
    monkeypatch.setattr(segments, "MIN_SEGMENT_BYTES", SEGMENT)


def starts(stack: FakeStack) -> list[int]:
    """Return the first bytes of the requested ranges."""
    return [int(request.headers["range"][6:].split("-")[0]) for request in stack.gets("/s3/")]


def test_parallel_gets_run_at_the_same_time_and_fetch_each_segment_once(stack: FakeStack, target: Path) -> None:
    together = threading.Barrier(3, timeout=10)
    most, lock, current = 0, threading.Lock(), 0

    def meet() -> None:
        nonlocal most, current
        with lock:
            current += 1
            most = max(most, current)
        together.wait()
        with lock:
            current -= 1

    stack.on_get = meet
    with Client(stack.api_url, timeout=5, timing=QUICK, parallel=3) as client:
        client.fetch(client.wait(client.request("q3.csv")), target)
    assert target.read_bytes() == stack.content
    assert sorted(starts(stack)) == list(range(0, 300_000, SEGMENT))
    assert {request.headers["if-match"] for request in stack.gets("/s3/")} == {stack.etag}
    assert most == 3


def test_a_fast_connection_fetches_the_whole_file_with_one_get(fetch: Fetch, stack: FakeStack) -> None:
    fetch()
    assert [request.headers["range"] for request in stack.gets("/s3/")] == ["bytes=0-299999"]


def test_a_get_of_all_segments_leaves_those_that_other_workers_have_taken(
    fetch: Fetch, stack: FakeStack, monkeypatch: pytest.MonkeyPatch, events: list[Event]
) -> None:
    monkeypatch.setattr(workers.FirstConnection, "is_slow", lambda *_: True)
    for seed in range(20):
        chance = random.Random(seed)
        stack.faults = [Fault(cut=chance.randrange(90_000)) for _ in range(4)]
        fetch(on_event=events.append)
        assert events[-1] == Received(300_000, 300_000)


def test_workers_recover_from_faults_independently(fetch: Fetch, stack: FakeStack, events: list[Event]) -> None:
    stack.set_ready()
    stack.faults = [Fault(cut=7), Fault(status=503), Fault(status=403), Fault(cut=0), Fault(shift=1), Fault(status=403)]
    fetch(on_event=events.append)
    assert any(isinstance(event, Retrying) for event in events)


def test_workers_share_one_renewal_of_an_expired_url(fetch: Fetch, file: ReadyFile, stack: FakeStack) -> None:
    stack.set_ready()
    stack.expired = {file.url}
    fetch()
    assert len(stack.gets("/v1/downloads/")) == 1


def test_a_range_that_never_arrives_ends_the_download_and_is_fetched_by_the_next(
    fetch: Fetch, stack: FakeStack
) -> None:
    stack.broken_ranges = {100_000}
    with pytest.raises(NetworkError):
        fetch()
    stack.broken_ranges = set()
    stack.requests.clear()
    fetch()
    assert starts(stack) == [100_000]


def test_where_ranges_are_ignored_the_whole_file_is_fetched_once(fetch: Fetch, stack: FakeStack) -> None:
    stack.ranges = False
    fetch()


class TestStreams:
    """Downloads to a stream."""

    def test_bytes_are_written_in_order_in_spite_of_faults(
        self, client: Client, file: ReadyFile, stack: FakeStack
    ) -> None:
        stack.faults = [Fault(cut=10), Fault(status=503)]
        out = io.BytesIO()
        verified = client.fetch(file, out, sha256=stack.sha256)
        assert out.getvalue() == stack.content
        assert verified.checks == ("size", "crc32", "sha256")

    def test_wrong_bytes_are_reported_after_the_last_byte(self, client: Client, file: ReadyFile) -> None:
        with pytest.raises(ChecksumMismatchError, match="SHA-256"):
            client.fetch(file, io.BytesIO(), sha256="0" * 64)

    def test_without_ranges_an_interrupted_stream_is_an_error(
        self, client: Client, file: ReadyFile, stack: FakeStack
    ) -> None:
        stack.ranges = False
        out = io.BytesIO()
        client.fetch(file, out)
        assert out.getvalue() == stack.content
        stack.faults = [Fault(ranges=False), Fault(ranges=False, cut=1000)]
        out = io.BytesIO()
        with pytest.raises(NetworkError):
            client.fetch(file, out)
        assert out.getvalue() == stack.content[: len(out.getvalue())]

    def test_when_the_server_stops_honouring_ranges_no_byte_is_written_twice(
        self, client: Client, file: ReadyFile, stack: FakeStack
    ) -> None:
        stack.faults = [Fault(cut=SEGMENT), Fault(ranges=False)]
        out = io.BytesIO()
        with pytest.raises(NetworkError, match="ignores ranges"):
            client.fetch(file, out)
        assert out.getvalue() == stack.content[:SEGMENT]

    def test_a_stream_that_cannot_be_written_is_a_file_error(self, client: Client, file: ReadyFile) -> None:
        class Full(io.BytesIO):
            def write(self, _: object) -> int:
                raise OSError(28, "No space left on device")

        with pytest.raises(FileError, match="No space left"):
            client.fetch(file, Full())

    def test_a_stream_with_short_writes_gets_all_bytes(self, client: Client, file: ReadyFile, stack: FakeStack) -> None:
        taken = bytearray()

        class Narrow(io.RawIOBase):
            def write(self, data: Any) -> int:
                taken.extend(bytes(data)[:7000])
                return min(len(data), 7000)

        client.fetch(file, cast(BinaryIO, Narrow()))
        assert taken == stack.content

    def test_get_writes_to_a_stream(self, client: Client, stack: FakeStack) -> None:
        out = io.BytesIO()
        saved = client.get("q3.csv", out)
        assert (saved.path, saved.size, out.getvalue()) == (None, 300_000, stack.content)


class TestStop:
    """Calls that a StopSignal ends from another thread."""

    @pytest.fixture
    def stop(self) -> Iterator[StopSignal]:
        """A signal that is set after the test."""
        stop = StopSignal()
        yield stop
        stop.set()

    @pytest.fixture
    def assert_stops(self, stop: StopSignal, wait_for: WaitFor) -> AssertStops:
        """Run work in a thread, set the signal at a moment, and expect StoppedError."""

        def assert_stops(work: Callable[[], object], when: Callable[[], object]) -> None:
            working = ThreadPoolExecutor().submit(work)
            wait_for(when)
            stop.set()
            assert isinstance(working.exception(10), StoppedError)

        return assert_stops

    def test_silent_connections_are_interrupted_and_bytes_are_kept(
        self, fetch: Fetch, stop: StopSignal, stack: FakeStack, events: list[Event], assert_stops: AssertStops
    ) -> None:
        stack.faults = [Fault(cut=1000, silent=True) for _ in range(6)]
        assert_stops(lambda: fetch(on_event=events.append, stop=stop), lambda: Received(6000, 300_000) in events)
        stack.requests.clear()
        fetch()
        assert sorted(starts(stack)) == list(range(1000, 300_000, SEGMENT))

    def test_a_silent_socket_is_interrupted(
        self, stop: StopSignal, client: Client, stack: FakeStack, assert_stops: AssertStops
    ) -> None:
        stack.stay_silent()
        download = client.request("q3.csv")
        assert_stops(lambda: client.wait(download, stop=stop), lambda: len(stack.gets("/socket")) == 1)

    def test_a_delay_before_a_retry_is_interrupted(
        self, stop: StopSignal, stack: FakeStack, assert_stops: AssertStops
    ) -> None:
        stack.rest = [503] * 50
        with Client(stack.api_url) as client:
            assert_stops(lambda: client.request("q3.csv", stop=stop), lambda: stack.requests)

    def test_a_set_signal_prevents_the_request(self, stop: StopSignal, client: Client, stack: FakeStack) -> None:
        stop.set()
        with pytest.raises(StoppedError):
            client.request("q3.csv", stop=stop)
        assert stack.requests == []

    def test_hooks_are_called_once_and_only_within_their_context(self, stop: StopSignal) -> None:
        """A hook that is added late is called at once, and an error in a hook is ignored."""
        called: list[str] = []
        with stop.on_stop(lambda: called.append("left")):
            pass
        with stop.on_stop(lambda: [][0]), pytest.raises(IndexError):
            stop.set()
        other = StopSignal()

        def fail() -> None:
            called.append("failing")
            raise OSError

        with other.on_stop(fail), other.on_stop(lambda: called.append("there")):
            other.set()
            other.set()
        with other.on_stop(lambda: called.append("late")):
            pass
        assert called == ["failing", "there", "late"]


def test_all_workers_share_one_rate_limit(stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    limited = Throttle(100)
    monkeypatch.setattr(throttle, "time", FrozenTime)
    monkeypatch.setattr(StopSignal, "sleep", lambda _, seconds: slept.append(seconds))
    limited.consume(50, StopSignal())
    limited.consume(100, StopSignal())
    assert slept == [0.5, 1.5]
    assert (limited.chunk_bytes, Throttle(None).chunk_bytes) == (1024, 512 << 10)
    taken: list[int] = []
    monkeypatch.setattr(Throttle, "consume", lambda _, count, __: taken.append(count))
    with Client(stack.api_url, timeout=5, timing=QUICK, parallel=4, limit_rate=3_000_000) as client:
        client.fetch(client.wait(client.request("q3.csv")), target)
    assert sum(taken) == 300_000
    assert max(taken) <= 3_000_000 // 32


def test_other_connections_are_opened_only_where_the_first_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(workers, "time", SimpleNamespace(monotonic=lambda: now))
    first = workers.FirstConnection(received=7)
    results: list[bool] = []
    for seconds, received in ((0.09, 7), (0.01, 8), (0.06, 13_000_007), (0.04, 13_000_007), (0.02, 26_000_007)):
        now += seconds
        results.append(first.is_slow(received))
    assert results == [False, False, False, False, False]
    received, results = 26_000_007, []
    for megabytes in (11.9, 12.1, 11.9, 11.9):  # in 0.06 s: slow, fast, slow, slow
        now, received = now + 0.06, received + int(megabytes * 1e6)
        results.append(first.is_slow(received))
    assert results == [False, False, False, True]


def test_other_connections_are_opened_while_the_first_waits_for_its_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(workers, "time", SimpleNamespace(monotonic=lambda: now))
    first = workers.FirstConnection(received=0)
    now += 0.11
    assert first.is_slow(0)


class FrozenTime:
    """A clock that stands still."""

    @staticmethod
    def monotonic() -> float:
        """Return the same moment."""
        return 1000.0


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_or_a_number_of_workers_out_of_bounds_is_refused(rate: int, stack: FakeStack) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Throttle(rate)
    for parallel in (0, 65):
        with pytest.raises(ValueError, match="1 to 64"):
            Client(stack.api_url, parallel=parallel)


@pytest.mark.parametrize(
    ("size", "workers", "length"),
    [
        (0, 64, SEGMENT),
        (1, 64, SEGMENT),
        (SEGMENT * 10_000, 2_000, SEGMENT),
        (SEGMENT * 10_000 + 1, 2_000, SEGMENT + 1),
        (10**9, 8, 10**9 // 64),
        (10**10, 8, 64 << 20),
    ],
)
def test_segments_cover_the_file_and_are_at_most_10000(size: int, workers: int, length: int) -> None:
    assert segments.segment_bytes(size, workers) == length
    parts = segments.Segments(size, length).all
    assert len(parts) <= 10_000
    assert sum(segment.length for segment in parts) == size
    assert all(left.end == right.start for left, right in pairwise(parts))


@given(st.lists(st.binary(max_size=50)))
def test_the_combined_crc32_is_that_of_the_whole(read_segment: list[bytes]) -> None:
    total = 0
    for piece in read_segment:
        total = crc32.combine(total, zlib.crc32(piece), len(piece))
    assert total == zlib.crc32(b"".join(read_segment))
    assert crc32.to_base64(0x0102A0FF) == "AQKg/w=="
