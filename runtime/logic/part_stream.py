"""The body of a part that is too large to be held: its bytes in order, while a few threads read ahead.

Memory is the pieces that are read ahead, whatever the part's length. A piece that breaks off is mended in its place
while S3 waits for it, so that a hiccup of the origin costs no part.
"""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from runtime.logic.plan import Range
from runtime.logic.range_reader import RangeReader

AHEAD = 4


class GivenUpError(Exception):
    """Nobody reads the stream any more."""


class PartStream:
    """A file-like object that can be read once. `failure` is what ended it early, `crc32` is of what was read."""

    def __init__(self, part: Range, read: RangeReader, go_on: Callable[[], None], *, piece: int) -> None:
        self.crc32 = 0
        self.failure: BaseException | None = None
        self._part = part
        self._read = read
        self._go_on = go_on
        self._piece = piece
        self._asked = part.first
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(AHEAD, "piece")
        self._coming: deque[Future[bytearray]] = deque()
        self._buffer = bytearray()
        self._at = 0

    def __len__(self) -> int:
        return self._part.length

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most so many; nothing at the end.

        Raises:
            TransferError: the origin failed, in spite of retries, or nobody wants the part any more.
        """
        try:
            self._go_on()
            if self._at == len(self._buffer):
                self._next()
        except BaseException as error:
            self.failure = error
            raise
        end = len(self._buffer) if size < 0 else min(self._at + size, len(self._buffer))
        chunk = bytes(memoryview(self._buffer)[self._at : end])
        self._at = end
        self.crc32 = zlib.crc32(chunk, self.crc32)
        return chunk

    def close(self) -> None:
        """Let go of the origin."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _next(self) -> None:
        """Take the piece that comes next, and have another one read into the buffer that is free."""
        free = self._buffer
        while len(self._coming) < AHEAD and self._asked <= self._part.last:
            length = min(self._piece, self._part.last + 1 - self._asked)
            buffer, free = free if len(free) == length else bytearray(length), bytearray()
            self._coming.append(self._pool.submit(self._fill, self._asked, buffer))
            self._asked += length
        self._buffer = self._coming.popleft().result() if self._coming else bytearray()
        self._at = 0

    def _fill(self, first: int, buffer: bytearray) -> bytearray:
        with memoryview(buffer) as view:
            self._read(first, view, self._stay)
        return buffer

    def _stay(self) -> None:
        if self._closed.is_set():
            raise GivenUpError
