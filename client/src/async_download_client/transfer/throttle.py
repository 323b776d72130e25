"""A limit on bytes per second that all downloads of a client share."""

from __future__ import annotations

import threading
import time

from async_download_client.stop import StopSignal

_MAX_CHUNK_BYTES = 512 << 10
_MIN_CHUNK_BYTES = 1 << 10


class Throttle:
    """Limits to `rate` bytes per second; None is no limit. `chunk_bytes` is how much to read at a time."""

    def __init__(self, rate: int | None) -> None:
        if rate is not None and rate < 1:
            raise ValueError("The limit has to be at least 1 byte per second.")
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0
        self.chunk_bytes = (
            _MAX_CHUNK_BYTES if rate is None else max(_MIN_CHUNK_BYTES, min(_MAX_CHUNK_BYTES, rate // 32))
        )

    def consume(self, count: int, stop: StopSignal) -> None:
        """Count received bytes, and sleep until more may be received."""
        if self._rate is None:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._rate
            delay = self._free_at - now
        stop.sleep(delay)
