"""Threads that fill segments at the same time, each with a GET of its own; events come from the calling thread."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from async_download_client.errors import LinkRefusedError, NetworkError, ProtocolError
from async_download_client.events import Event, Received, Renewed, Retrying
from async_download_client.stop import StopSignal
from async_download_client.timing import Timing
from async_download_client.transfer.ranges import RangeReader
from async_download_client.transfer.renewable_url import RenewableUrl
from async_download_client.transfer.segments import Segment, Segments
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport

_RECORD_EVERY_BYTES = 1 << 20
_EVENT_INTERVAL_SECONDS = 0.1
_JOIN_TIMEOUT_SECONDS = 2.0

WorkerMessage = Event | BaseException | int  # a number: so many workers have ended


class Sink(Protocol):
    """A destination of bytes; `is_restartable` says whether written bytes can be replaced."""

    is_restartable: bool

    def write(self, position: int, data: memoryview) -> None:
        """Write bytes at a position of the file; their buffer is used again after the call."""

    def record(self, segment: Segment) -> None:
        """Record how many bytes of a segment were written."""


class FirstConnection:
    """Tells whether the first connection leaves work for others: they gain nothing where it alone is fast enough."""

    CHECK_SECONDS = 0.05
    _FAST_BYTES_PER_SECOND = 200e6  # S3 sends some 100 MB/s on a connection
    _MAX_SLOW_CHECKS = 1  # a disk that writes back stalls for one
    _MAX_WAIT_SECONDS = 0.1  # for its first byte

    def __init__(self, received: int) -> None:
        self._received, self._since, self._has_begun = received, time.monotonic(), False
        self._slow_checks = 0

    def is_slow(self, received: int) -> bool:
        """Return True if the connection was slow twice in a row, from `received`, which counts all bytes."""
        now = time.monotonic()
        seconds, count = now - self._since, received - self._received
        if not self._has_begun:
            if not count:
                return seconds >= self._MAX_WAIT_SECONDS
            self._has_begun = True
        elif seconds < self.CHECK_SECONDS:
            return False
        else:
            is_slow = count < seconds * self._FAST_BYTES_PER_SECOND
            self._slow_checks = self._slow_checks + 1 if is_slow else 0
        self._received, self._since = received, now
        return self._slow_checks > self._MAX_SLOW_CHECKS


@dataclass
class RangeWorkers:
    """Worker threads of one download, of which the first begins alone: its GETs go on to the end of the file.

    Without `ranged` the server ignores ranges: there is one worker, and it starts over when its connection breaks.

    Attributes:
        messages: for the thread that calls `run`.
        stop: ends the workers.
        last_received_at: when any of them received a byte (monotonic clock).
        is_alone: whether only the first worker runs.
    """

    transport: Transport
    throttle: Throttle
    timing: Timing
    url: RenewableUrl
    sink: Sink
    ranged: bool
    messages: queue.SimpleQueue[WorkerMessage] = field(default_factory=queue.SimpleQueue)
    stop: StopSignal = field(default_factory=StopSignal)
    last_received_at: float = field(default_factory=time.monotonic)
    is_alone: bool = True

    def run(self, segments: Segments, count: int, stop: StopSignal, on_event: Callable[[Event], object]) -> None:
        """Fill all segments with up to `count` workers; the first error of a worker ends all and is raised."""
        workers = [
            threading.Thread(target=_Worker(self, segments).run, name=f"range-worker-{number}", daemon=True)
            for number in range(min(count, sum(1 for segment in segments.all if segment.missing)))
        ]
        reported, report_at, running = segments.received, 0.0, 0
        idle, first = workers[1:], FirstConnection(segments.received)
        try:
            with stop.on_stop(lambda: self.messages.put(0)):
                for worker in workers[:1]:
                    worker.start()
                    running += 1
                while running:
                    message = self._next_message(FirstConnection.CHECK_SECONDS if idle else _EVENT_INTERVAL_SECONDS)
                    stop.raise_if_set()
                    if isinstance(message, int):
                        running -= message
                    elif isinstance(message, BaseException):
                        raise message
                    else:
                        on_event(message)
                    received, now = segments.received, time.monotonic()
                    if idle and first.is_slow(received):
                        self.is_alone = False
                        for worker in idle:
                            worker.start()
                        running, idle = running + len(idle), []
                    if received != reported and (now >= report_at or not running):
                        on_event(Received(received, segments.size))
                        reported, report_at = received, now + _EVENT_INTERVAL_SECONDS
        finally:
            self.stop.set()
            deadline = time.monotonic() + _JOIN_TIMEOUT_SECONDS
            for worker in workers:
                if worker.ident:
                    worker.join(max(0.0, deadline - time.monotonic()))

    def _next_message(self, timeout: float) -> WorkerMessage:
        try:
            return self.messages.get(timeout=timeout)
        except queue.Empty:
            return 0


class _Worker:
    """Fills one segment after the other, in the thread that calls `run`."""

    def __init__(self, team: RangeWorkers, segments: Segments) -> None:
        self._team, self._segments = team, segments
        self._segment = Segment(0, 0, 0)
        self._recorded = 0
        self._reader = RangeReader(team.transport, team.throttle, team.stop, team.ranged)

    def run(self) -> None:
        """Fill segments until there are none; its end, or its error, is a message for the team."""
        try:
            while segment := self._segments.take():
                self._begin(segment)
                self._fill()
        except BaseException as error:
            self._team.messages.put(error)
        else:
            self._team.messages.put(1)

    def _fill(self) -> None:
        """Fill the current segment, with as many GETs as that takes; a GET may go on with further segments."""
        failures, team = 0, self._team
        while self._segment.missing:
            before, max_count = self._segment, self._segment.max_count
            try:
                self._receive()
            except ProtocolError:
                raise
            except NetworkError as error:
                team.stop.raise_if_set()
                is_progress = self._segment is not before or before.max_count > max_count
                failures = 1 if is_progress else failures + 1
                silence = time.monotonic() - team.last_received_at
                if failures >= team.timing.attempts and silence >= team.timing.max_outage:
                    raise
                if not team.ranged and self._segment.count:
                    if not team.sink.is_restartable:
                        raise
                    self._segment.restart()
                delay = team.timing.retry_delay(failures)
                team.messages.put(Retrying(str(error), round(delay, 3)))
                team.stop.sleep(delay)

    def _receive(self) -> None:
        """Send one GET for the missing bytes and write them; renews the URL when S3 refuses it."""
        file, segment = self._team.url.file, self._segment
        end = self._segments.end_of_run(segment) if self._team.is_alone else segment.end
        try:
            with contextlib.closing(self._reader.read(file, segment.position, end)) as blocks:
                for block in blocks:
                    if not self._write(block):
                        return
        except LinkRefusedError as error:
            if renewed := self._team.url.renew(file.url, error):
                self._team.messages.put(Renewed(renewed.expires_at))
        finally:
            self._record()

    def _write(self, data: memoryview) -> bool:
        """Write received bytes; returns False if another worker has taken the segment that they belong to."""
        while data:
            if not self._segment.missing:
                following = self._segments.take_after(self._segment)
                if following is None:
                    return False
                self._record()
                self._begin(following)
            segment = self._segment
            piece, data = data[: segment.missing], data[segment.missing :]
            self._team.sink.write(segment.position, piece)
            if segment.add(piece):
                self._team.last_received_at = time.monotonic()
                self._team.url.reset_renewals()
            if segment.count - self._recorded >= _RECORD_EVERY_BYTES:
                self._record()
        return True

    def _begin(self, segment: Segment) -> None:
        self._segment, self._recorded = segment, segment.count

    def _record(self) -> None:
        if self._segment.count != self._recorded:
            self._recorded = self._segment.count
            self._team.sink.record(self._segment)
