"""Threads that fill segments at the same time, each with a GET of its own; events come from the calling thread."""

from __future__ import annotations

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
from async_download_client.transfer.ranges import read_segment
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

    CHECK_SECONDS = 0.02
    _FAST_BYTES_PER_SECOND = 300e6  # S3 sends some 100 MB/s on a connection
    _MAX_WAIT_SECONDS = 0.1  # for its first byte

    def __init__(self, received: int) -> None:
        self._received, self._since, self._has_begun = received, time.monotonic(), False

    def is_slow(self, received: int) -> bool:
        """Return True if the connection was slow since the last call, from `received`, which counts all bytes."""
        seconds, count = time.monotonic() - self._since, received - self._received
        if not self._has_begun and not count:
            return seconds >= self._MAX_WAIT_SECONDS
        if self._has_begun and seconds < self.CHECK_SECONDS:
            return False
        is_slow = self._has_begun and count < seconds * self._FAST_BYTES_PER_SECOND
        self._received, self._since, self._has_begun = received, time.monotonic(), True
        return is_slow


@dataclass
class RangeWorkers:
    """Worker threads of one download.

    Without `ranged` the server ignores ranges: there is one worker, and it starts over when its connection breaks.
    """

    transport: Transport
    throttle: Throttle
    timing: Timing
    url: RenewableUrl
    sink: Sink
    ranged: bool
    _messages: queue.SimpleQueue[WorkerMessage] = field(default_factory=queue.SimpleQueue)
    _stop: StopSignal = field(default_factory=StopSignal)
    _last_received_at: float = field(default_factory=time.monotonic)

    def run(self, segments: Segments, count: int, stop: StopSignal, on_event: Callable[[Event], object]) -> None:
        """Fill all segments with up to `count` workers; the first error of a worker ends all and is raised."""
        workers = [
            threading.Thread(target=self._work, args=(segments,), name=f"range-worker-{number}", daemon=True)
            for number in range(min(count, sum(1 for segment in segments.all if segment.missing)))
        ]
        reported, report_at, running = segments.received, 0.0, 0
        idle, first = workers[1:], FirstConnection(segments.received)
        try:
            with stop.on_stop(lambda: self._messages.put(0)):
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
                        for worker in idle:
                            worker.start()
                        running, idle = running + len(idle), []
                    if received != reported and (now >= report_at or not running):
                        on_event(Received(received, segments.size))
                        reported, report_at = received, now + _EVENT_INTERVAL_SECONDS
        finally:
            self._stop.set()
            deadline = time.monotonic() + _JOIN_TIMEOUT_SECONDS
            for worker in workers:
                if worker.ident:
                    worker.join(max(0.0, deadline - time.monotonic()))

    def _next_message(self, timeout: float) -> WorkerMessage:
        try:
            return self._messages.get(timeout=timeout)
        except queue.Empty:
            return 0

    def _work(self, segments: Segments) -> None:
        buffer = memoryview(bytearray(self.throttle.chunk_bytes))
        try:
            while segment := segments.take():
                self._fill(segment, buffer)
        except BaseException as error:
            self._messages.put(error)
        else:
            self._messages.put(1)

    def _fill(self, segment: Segment, buffer: memoryview) -> None:
        """Fill a segment, with as many GETs as that takes."""
        failures = 0
        while segment.missing:
            max_count = segment.max_count
            try:
                self._receive(segment, buffer)
            except ProtocolError:
                raise
            except NetworkError as error:
                self._stop.raise_if_set()
                failures = 1 if segment.max_count > max_count else failures + 1
                silence = time.monotonic() - self._last_received_at
                if failures >= self.timing.attempts and silence >= self.timing.max_outage:
                    raise
                if not self.ranged and segment.count:
                    if not self.sink.is_restartable:
                        raise
                    segment.restart()
                delay = self.timing.retry_delay(failures)
                self._messages.put(Retrying(str(error), round(delay, 3)))
                self._stop.sleep(delay)

    def _receive(self, segment: Segment, buffer: memoryview) -> None:
        """Send one GET for the missing bytes of a segment and write them; renews the URL when S3 refuses it."""
        file = self.url.file
        recorded = segment.count
        try:
            for data in read_segment(self.transport, self.throttle, self._stop, file, segment, self.ranged, buffer):
                self.sink.write(segment.position, data)
                if segment.add(data):
                    self._last_received_at = time.monotonic()
                    self.url.reset_renewals()
                if segment.count - recorded >= _RECORD_EVERY_BYTES:
                    self.sink.record(segment)
                    recorded = segment.count
        except LinkRefusedError as error:
            if renewed := self.url.renew(file.url, error):
                self._messages.put(Renewed(renewed.expires_at))
        finally:
            if segment.count != recorded:
                self.sink.record(segment)
