"""A limit on bytes a second, shared by all that a client downloads at once."""

from __future__ import annotations

import threading
import time

from async_download_client.stop import Stop

__all__ = ["Throttle"]

_CHUNK = 256 << 10
_SMALLEST = 1 << 10


class Throttle:
    """`rate` in bytes a second; None is no limit."""

    def __init__(self, rate: int | None) -> None:
        if rate is not None and rate < 1:
            raise ValueError("The limit has to be at least 1 byte a second.")
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0
        self.chunk = _CHUNK if rate is None else max(_SMALLEST, min(_CHUNK, rate // 32))

    def took(self, count: int, stop: Stop) -> None:
        """Say that so many bytes came; returns when more may come."""
        if self._rate is None:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._rate
            wait = self._free_at - now
        stop.sleep(wait)
