"""Copies the parts of a slice in a few threads, each with one buffer that it uses again and again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from runtime.logic.copying.plan import Range
from runtime.ports import Clock

MAX_LANES = 4
SLOW_SECONDS = 40.0

CopyPart = Callable[[Range, bytearray, Callable[[], None]], None]
"""Copies a part through a buffer of its length, and calls the last argument often: it raises to end the copy."""


class GaveWayError(Exception):
    """The lane has ended: another lane failed, or the origin is too slow for several."""


class Lanes:
    """Copies several parts at once. If the origin is too slow for that, one part after the other."""

    def __init__(self, clock: Clock, parts: Iterable[Range], copy_part: CopyPart) -> None:
        self._clock = clock
        self._waiting = deque(parts)
        self._copy_part = copy_part
        self._failed = threading.Event()
        self._stored = threading.Event()
        self._slow_at = clock.monotonic() + SLOW_SECONDS

    def run(self) -> None:
        """Copy all parts. When all lanes have ended, raise what one of them raised."""
        if not self._waiting:
            return
        count = min(MAX_LANES, len(self._waiting))
        with ThreadPoolExecutor(count, "lane") as pool:
            lanes = [pool.submit(self._run_lane, number) for number in range(count)]
        for lane in lanes:
            lane.result()
        self._run_lane(0)  # parts that another lane gave back after the first lane had ended

    def _run_lane(self, number: int) -> None:
        buffer = bytearray()
        while not self._failed.is_set():
            try:
                part = self._waiting.popleft()
            except IndexError:
                return
            if len(buffer) != part.length:
                buffer = bytearray(part.length)
            try:
                self._copy_part(part, buffer, lambda: self._give_way(number))
            except GaveWayError:
                self._waiting.appendleft(part)
                return
            except BaseException:
                self._failed.set()
                raise
            self._stored.set()

    def _give_way(self, number: int) -> None:
        """End this lane if it should; called before each read.

        Raises:
            GaveWayError: another lane failed, or no part was stored in the first 40 s and this is not the first lane.
        """
        is_slow = number > 0 and not self._stored.is_set() and self._clock.monotonic() > self._slow_at
        if is_slow or self._failed.is_set():
            raise GaveWayError
