"""The body of a part that is too large for memory: its bytes in order, while a few threads read ahead.

Memory is the pieces that are read ahead and the piece that is sent, whatever the part's length. A piece whose
connection breaks is resumed while S3 waits for it, so that an error of the origin does not fail the part.

S3 ends a request on whose connection nothing happens for about 20 s (400 RequestTimeout), and drops the part. The
request therefore starts when the first piece has come, and the second half of each piece is kept until the next piece
has come: while the origin is silent, a little of it is sent every few seconds.
"""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from runtime.logic.copying.plan import Range
from runtime.logic.origin.range_reader import RangeReader

AHEAD = 4
DRIP_SECONDS = 10.0  # half of the silence that S3 allows
CHECK_SECONDS = 1.0
DRIPS = 16  # of half a piece: they last longer than a worker; each is above the 128 KiB that botocore sends at once


class GivenUpError(Exception):
    """The stream was closed."""


class PartStream:
    """A file-like object that can be read once. `failure` is the error that ended it; `crc32` is of the read bytes."""

    def __init__(self, part: Range, reader: RangeReader, check_cancelled: Callable[[], None], *, piece: int) -> None:
        self.crc32 = 0
        self.failure: BaseException | None = None
        self._part = part
        self._reader = reader
        self._check_cancelled = check_cancelled
        self._piece = piece
        self._next_byte = part.first
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(AHEAD, "piece")
        self._coming: deque[Future[bytearray]] = deque()
        self._buffer = bytearray()
        self._at = 0

    def __len__(self) -> int:
        return self._part.length

    def begin(self) -> None:
        """Wait for the first piece, before the request to S3 starts.

        Raises:
            TransferError: the origin failed, in spite of retries, or the part is not needed any more.
        """
        self._read_ahead()
        while not self._has_next(CHECK_SECONDS):
            self._check_cancelled()
        self._next()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`, and b"" at the end.

        Raises:
            TransferError: the origin failed, in spite of retries, or the part is not needed any more.
        """
        try:
            self._check_cancelled()
            sendable = self._sendable()
        except BaseException as error:
            self.failure = error
            raise
        end = self._at + (sendable if size < 0 else min(size, sendable))
        chunk = bytes(memoryview(self._buffer)[self._at : end])
        self._at = end
        self.crc32 = zlib.crc32(chunk, self.crc32)
        return chunk

    def close(self) -> None:
        """Stop reading from the origin."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _sendable(self) -> int:
        """Return how many bytes of the buffer to send now: without its second half, unless the next piece has come."""
        remaining = len(self._buffer) - self._at
        if not self._coming:
            return remaining
        first_half = remaining - len(self._buffer) // 2
        if first_half > 0 and not self._has_next():
            return first_half
        silent = 0.0
        while not self._has_next(CHECK_SECONDS):
            self._check_cancelled()
            silent += CHECK_SECONDS
            if remaining and silent >= DRIP_SECONDS:
                return min(remaining, max(1, self._piece // 2 // DRIPS))
        if not remaining:
            self._next()
        return len(self._buffer) - self._at

    def _has_next(self, timeout: float = 0.0) -> bool:
        """Return whether the next piece has come, or failed, within the timeout."""
        return bool(wait([self._coming[0]], timeout).done)

    def _next(self) -> None:
        """Take the next piece, and read another one into the free buffer."""
        free = self._buffer
        self._buffer = self._coming.popleft().result()
        self._at = 0
        self._read_ahead(free)

    def _read_ahead(self, free: bytearray | None = None) -> None:
        """Start reading up to `AHEAD` pieces; the first into the free buffer."""
        while len(self._coming) < AHEAD and self._next_byte <= self._part.last:
            length = min(self._piece, self._part.last + 1 - self._next_byte)
            buffer = free if free is not None and len(free) == length else bytearray(length)
            free = None
            self._coming.append(self._pool.submit(self._fill, self._next_byte, buffer))
            self._next_byte += length

    def _fill(self, first: int, buffer: bytearray) -> bytearray:
        with memoryview(buffer) as view:
            self._reader.read(first, view, self._check_open)
        return buffer

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise GivenUpError
