"""Several ranges at once, into a file and in order into a stream; limits, and being stopped."""

from __future__ import annotations

import io
import threading
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
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
from async_download_client.transfer import crc32, segments, throttle
from async_download_client.transfer.throttle import Throttle
from hypothesis import given
from hypothesis import strategies as st

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import FakeStack, Fault

SEGMENT = 50_000
WaitFor = Callable[[Callable[[], object]], None]


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """300,000 bytes are six segments."""
    monkeypatch.setattr(segments, "SEGMENT_BYTES", SEGMENT)


@pytest.fixture
def file(client: Client) -> ReadyFile:
    """A file to fetch, as the stack promises it."""
    return client.wait(client.request("q3.csv"))


def starts(stack: FakeStack) -> list[int]:
    """Where the ranges began that were asked for."""
    return [int(request.headers["range"][6:].split("-")[0]) for request in stack.gets("/s3/")]


def test_in_parallel(stack: FakeStack, target: Path) -> None:
    """So many GETs are under way at once, no more, and each segment is asked for once, of one version."""
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


def test_many_faults(client: Client, file: ReadyFile, stack: FakeStack, target: Path, events: list[Event]) -> None:
    """Lanes break, are refused and find S3 busy, each by itself; the file is right."""
    stack.set_ready()
    stack.faults = [Fault(cut=7), Fault(status=503), Fault(status=403), Fault(cut=0), Fault(shift=1), Fault(status=403)]
    client.fetch(file, target, on_event=events.append)
    assert target.read_bytes() == stack.content
    assert any(isinstance(event, Retrying) for event in events)


def test_one_renewal_for_all(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """When a URL expires under all lanes, one of them asks for another."""
    stack.set_ready()
    stack.expired = {file.url}
    client.fetch(file, target)
    assert target.read_bytes() == stack.content
    assert len(stack.gets("/v1/downloads/")) == 1


def test_one_lane_fails_for_good(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """When one range never comes the others do, then it gives up; the next try gets that range only."""
    stack.broken_ranges = {100_000}
    with pytest.raises(NetworkError):
        client.fetch(file, target)
    stack.broken_ranges = set()
    stack.requests.clear()
    client.fetch(file, target)
    assert starts(stack) == [100_000]
    assert target.read_bytes() == stack.content


def test_ranges_ignored(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """Where ranges are ignored, the whole comes once."""
    stack.ranges = False
    client.fetch(file, target)
    assert target.read_bytes() == stack.content


class TestStreams:
    """To a stream."""

    def test_in_order(self, client: Client, file: ReadyFile, stack: FakeStack) -> None:
        """Bytes go out in order, whatever breaks, and are verified."""
        stack.faults = [Fault(cut=10), Fault(status=503)]
        out = io.BytesIO()
        verified = client.fetch(file, out, sha256=stack.sha256)
        assert out.getvalue() == stack.content
        assert verified.checks == ("size", "crc32", "sha256")

    def test_wrong(self, client: Client, file: ReadyFile) -> None:
        """Wrong bytes have gone out by then, but are told."""
        with pytest.raises(ChecksumMismatchError, match="SHA-256"):
            client.fetch(file, io.BytesIO(), sha256="0" * 64)

    def test_no_ranges(self, client: Client, file: ReadyFile, stack: FakeStack) -> None:
        """Without ranges, what broke off cannot be gone on with, and nothing is sent twice."""
        stack.ranges = False
        out = io.BytesIO()
        client.fetch(file, out)
        assert out.getvalue() == stack.content
        stack.faults = [Fault(ranges=False), Fault(ranges=False, cut=1000)]
        out = io.BytesIO()
        with pytest.raises(NetworkError):
            client.fetch(file, out)
        assert out.getvalue() == stack.content[: len(out.getvalue())]

    def test_no_ranges_any_more(self, client: Client, file: ReadyFile, stack: FakeStack) -> None:
        """When ranges are ignored after some were not, nothing is sent twice."""
        stack.faults = [Fault(), Fault(ranges=False)]
        out = io.BytesIO()
        with pytest.raises(NetworkError, match="ignores ranges"):
            client.fetch(file, out)
        assert out.getvalue() == stack.content[:SEGMENT]

    def test_cannot_write(self, client: Client, file: ReadyFile) -> None:
        """A stream that takes nothing is an error of files."""

        class Full(io.BytesIO):
            def write(self, _: object) -> int:
                raise OSError(28, "No space left on device")

        with pytest.raises(FileError, match="No space left"):
            client.fetch(file, Full())

    def test_short_writes(self, client: Client, file: ReadyFile, stack: FakeStack) -> None:
        """A stream that takes a little at a time gets everything."""
        taken = bytearray()

        class Narrow(io.RawIOBase):
            def write(self, data: Any) -> int:
                taken.extend(bytes(data)[:7000])
                return min(len(data), 7000)

        client.fetch(file, cast(BinaryIO, Narrow()))
        assert taken == stack.content

    def test_get(self, client: Client, stack: FakeStack) -> None:
        """The whole way, to a stream."""
        out = io.BytesIO()
        saved = client.get("q3.csv", out)
        assert (saved.path, saved.size, out.getvalue()) == (None, 300_000, stack.content)


class TestStop:
    """Stopped from another thread."""

    @pytest.fixture
    def stop(self) -> Iterator[StopSignal]:
        """A switch."""
        stop = StopSignal()
        yield stop
        stop.set()

    def stopped(
        self, stop: StopSignal, work: Callable[[], object], when: Callable[[], object], wait_for: WaitFor
    ) -> None:
        """Do the work in a thread, stop it when it is so far, and see it end with the right error, soon."""
        errors: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wait_for(when)
        stop.set()
        thread.join(10)
        assert [type(error) for error in errors] == [StoppedError]

    def test_while_fetching(
        self, stop: StopSignal, client: Client, file: ReadyFile, stack: FakeStack, target: Path, wait_for: WaitFor
    ) -> None:
        """Silent connections are woken up, and what came is kept."""
        stack.faults = [Fault(cut=1000, silent=True) for _ in range(6)]
        events: list[Event] = []
        self.stopped(
            stop,
            lambda: client.fetch(file, target, on_event=events.append, stop=stop),
            lambda: Received(6000, 300_000) in events,
            wait_for,
        )
        stack.requests.clear()
        client.fetch(file, target)
        assert target.read_bytes() == stack.content
        assert sorted(starts(stack)) == list(range(1000, 300_000, SEGMENT))

    def test_while_waiting(self, stop: StopSignal, client: Client, stack: FakeStack, wait_for: WaitFor) -> None:
        """A silent WebSocket is woken up."""
        stack.sockets = [lambda peer: peer.stopping.wait(30)]
        download = client.request("q3.csv")
        self.stopped(stop, lambda: client.wait(download, stop=stop), lambda: len(stack.gets("/socket")) == 1, wait_for)

    def test_while_retrying(self, stop: StopSignal, stack: FakeStack, wait_for: WaitFor) -> None:
        """Nobody sleeps on."""
        stack.rest = [503] * 50
        with Client(stack.api_url) as client:
            self.stopped(stop, lambda: client.request("q3.csv", stop=stop), lambda: stack.requests, wait_for)

    def test_before(self, stop: StopSignal, client: Client, stack: FakeStack) -> None:
        """What is stopped does not begin."""
        stop.set()
        with pytest.raises(StoppedError):
            client.request("q3.csv", stop=stop)
        assert stack.requests == []

    def test_hooks(self, stop: StopSignal) -> None:
        """Hooks are called once, late ones at once, failing ones harm nobody, and those that left not at all."""
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


def test_limited(stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All lanes ask one limiter, for every byte; how long each has to wait follows from what all of them took."""
    slept: list[float] = []
    limited = Throttle(100)
    monkeypatch.setattr(throttle, "time", FrozenTime)
    monkeypatch.setattr(StopSignal, "sleep", lambda _, seconds: slept.append(seconds))
    limited.consume(50, StopSignal())
    limited.consume(100, StopSignal())
    assert slept == [0.5, 1.5]
    assert (limited.chunk_bytes, Throttle(None).chunk_bytes) == (1024, 256 << 10)
    taken: list[int] = []
    monkeypatch.setattr(Throttle, "consume", lambda _, count, __: taken.append(count))
    with Client(stack.api_url, timeout=5, timing=QUICK, parallel=4, limit_rate=3_000_000) as client:
        client.fetch(client.wait(client.request("q3.csv")), target)
    assert sum(taken) == 300_000
    assert max(taken) <= 3_000_000 // 32


class FrozenTime:
    """No time passes."""

    @staticmethod
    def monotonic() -> float:
        """A moment."""
        return 1000.0


@pytest.mark.parametrize("rate", [0, -1])
def test_no_limit(rate: int, stack: FakeStack) -> None:
    """A limit that lets nothing through is refused, as is a number of lanes that makes no sense."""
    with pytest.raises(ValueError, match="at least 1"):
        Throttle(rate)
    for parallel in (0, 65):
        with pytest.raises(ValueError, match="1 to 64"):
            Client(stack.api_url, parallel=parallel)


@pytest.mark.parametrize(
    ("size", "length"), [(0, SEGMENT), (1, SEGMENT), (SEGMENT * 10_000, SEGMENT), (SEGMENT * 10_000 + 1, SEGMENT + 1)]
)
def test_segments(size: int, length: int) -> None:
    """Segments cover the file without gap, and there are never more than 10,000."""
    assert segments.segment_bytes(size) == length
    found = segments.Segments(size, length).all
    assert len(found) <= 10_000
    assert sum(segment.length for segment in found) == size
    assert all(left.end == right.start for left, right in pairwise(found))


@given(st.lists(st.binary(max_size=50)))
def test_crc32(read_segment: list[bytes]) -> None:
    """The CRC-32 of pieces combined is that of the whole."""
    total = 0
    for piece in read_segment:
        total = crc32.combine(total, zlib.crc32(piece), len(piece))
    assert total == zlib.crc32(b"".join(read_segment))
    assert crc32.to_base64(0x0102A0FF) == "AQKg/w=="
