"""Several threads that fill segments at once, each with a GET of its own; events come from the calling thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from async_download_client.errors import LinkRefusedError, NetworkError, ProtocolError
from async_download_client.events import Event, Received, Renewed, Retrying
from async_download_client.stop import Stop
from async_download_client.timing import Timing
from async_download_client.transfer.link import Link
from async_download_client.transfer.ranges import pieces
from async_download_client.transfer.segments import Segment, Segments
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport

__all__ = ["Lanes", "Sink"]

_NOTE_BYTES = 1 << 20
_TICK = 0.1
_LEAVE_WITHIN = 2.0

News = queue.SimpleQueue[Event | BaseException | int]  # a number: so many lanes have ended


class Sink(Protocol):
    """Where bytes go, and a note of how many."""

    restartable: bool

    def write(self, position: int, data: bytes) -> None:
        """Write bytes where they belong."""

    def note(self, segment: Segment) -> None:
        """Write down how much of a segment is there."""


@dataclass
class Lanes:
    """`ranged` is whether the server hands out ranges; if not, there is one lane, and it begins again when it broke."""

    transport: Transport
    throttle: Throttle
    timing: Timing
    link: Link
    sink: Sink
    ranged: bool
    _news: News = field(default_factory=queue.SimpleQueue)
    _stop: Stop = field(default_factory=Stop)
    _heard_at: float = field(default_factory=time.monotonic)

    def run(self, segments: Segments, count: int, stop: Stop, tell: Callable[[Event], object]) -> None:
        """Fill all segments; whatever goes wrong in a lane ends all and is raised here."""
        lanes = [
            threading.Thread(target=self._lane, args=(segments,), name=f"lane-{number}", daemon=True)
            for number in range(min(count, sum(1 for each in segments.all if each.missing)))
        ]
        told, tell_at, running = segments.received, 0.0, len(lanes)
        try:
            with stop.calls(lambda: self._news.put(0)):
                for lane in lanes:
                    lane.start()
                while running:
                    news = self._next()
                    stop.check()
                    if isinstance(news, int):
                        running -= news
                    elif isinstance(news, BaseException):
                        raise news
                    else:
                        tell(news)
                    received, now = segments.received, time.monotonic()
                    if received != told and (now >= tell_at or not running):
                        tell(Received(received, segments.size))
                        told, tell_at = received, now + _TICK
        finally:
            self._stop.set()
            leave_by = time.monotonic() + _LEAVE_WITHIN
            for lane in lanes:
                if lane.ident:
                    lane.join(max(0.0, leave_by - time.monotonic()))

    def _next(self) -> Event | BaseException | int:
        try:
            return self._news.get(timeout=_TICK)
        except queue.Empty:
            return 0

    def _lane(self, segments: Segments) -> None:
        try:
            while segment := segments.take():
                self._fill(segment)
        except BaseException as error:
            self._news.put(error)
        else:
            self._news.put(1)

    def _fill(self, segment: Segment) -> None:
        failures = 0
        while segment.missing:
            best = segment.best
            try:
                self._try(segment)
            except ProtocolError:
                raise
            except NetworkError as error:
                self._stop.check()
                failures = 1 if segment.best > best else failures + 1
                quiet = time.monotonic() - self._heard_at
                if failures >= self.timing.attempts and quiet >= self.timing.outage:
                    raise
                if not self.ranged and segment.count:
                    if not self.sink.restartable:
                        raise
                    segment.restart()
                delay = self.timing.retry(failures)
                self._news.put(Retrying(str(error), round(delay, 3)))
                self._stop.sleep(delay)

    def _try(self, segment: Segment) -> None:
        ready = self.link.ready
        noted = segment.count
        try:
            for data in pieces(self.transport, self.throttle, self._stop, ready, segment, self.ranged):
                self.sink.write(segment.position, data)
                if segment.add(data):
                    self._heard_at = time.monotonic()
                    self.link.works()
                if segment.count - noted >= _NOTE_BYTES:
                    self.sink.note(segment)
                    noted = segment.count
        except LinkRefusedError as error:
            if fresh := self.link.refused(ready.url, error):
                self._news.put(Renewed(fresh.expires_at))
        finally:
            if segment.count != noted:
                self.sink.note(segment)
