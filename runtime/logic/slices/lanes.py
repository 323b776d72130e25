"""Work on the parts of a slice in a few threads, each with one buffer that it uses again and again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from runtime.logic.copying.plan import Range
from runtime.ports import Clock

MAX_LANES = 4
SLOW_SECONDS = 40.0

Work = Callable[[Range, bytearray, Callable[[], None]], None]
"""Copies a part through a buffer of its length; calls the last argument often, which ends it when it should."""


class GaveWayError(Exception):
    """The lane has ended: another one failed, or needs what little the origin gives."""


class Lanes:
    """Several parts at once. Where an origin gives too little for that, one part after the other."""

    def __init__(self, clock: Clock, parts: Iterable[Range], work: Work) -> None:
        self._clock = clock
        self._waiting = deque(parts)
        self._work = work
        self._failed = threading.Event()
        self._stored = threading.Event()
        self._slow_at = clock.monotonic() + SLOW_SECONDS

    def run(self) -> None:
        """Work on all of them; raises what a lane raised, when all have ended."""
        if not self._waiting:
            return
        most = min(MAX_LANES, len(self._waiting))
        with ThreadPoolExecutor(most, "lane") as pool:
            lanes = [pool.submit(self._lane, number) for number in range(most)]
        for lane in lanes:
            lane.result()
        self._lane(0)  # what a lane gave back when the first had ended

    def _lane(self, number: int) -> None:
        buffer = bytearray()
        while not self._failed.is_set():
            try:
                part = self._waiting.popleft()
            except IndexError:
                return
            if len(buffer) != part.length:
                buffer = bytearray(part.length)
            try:
                self._work(part, buffer, lambda: self._check_cancelled(number))
            except GaveWayError:
                self._waiting.appendleft(part)
                return
            except BaseException:
                self._failed.set()
                raise
            self._stored.set()

    def _check_cancelled(self, number: int) -> None:
        """Called all the time.

        Raises:
            GaveWayError: this lane should end.
        """
        crawling = number > 0 and not self._stored.is_set() and self._clock.monotonic() > self._slow_at
        if crawling or self._failed.is_set():
            raise GaveWayError
