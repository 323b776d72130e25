"""Decompresses the answer of an origin that compresses although identity was requested."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from runtime.errors import OriginError, OriginTruncatedError
from runtime.ports import Body

MAX_IDLE = 1024 * 1024  # bytes of gzip in a row without a byte of the file, such as a header or empty blocks
_CHUNK = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class Gunzip:
    """A `ports.Body` that decompresses another one. It holds one chunk, whatever the compression.

    `next_timeout` is called before each further read of the same call. It returns the seconds for that read, or raises
    if the copy was cancelled.
    """

    def __init__(self, body: Body, next_timeout: Callable[[], float]) -> None:
        self.status = body.status
        self.headers: Mapping[str, str] = body.headers
        self._body = body
        self._next_timeout = next_timeout
        self._idle = 0
        self._inflate = zlib.decompressobj(_GZIP)
        self._waiting = b""
        self._is_empty = True  # some origins send an empty file as no bytes instead of gzip

    def read(self, size: int, timeout: float) -> bytes:
        """Return the next bytes of the file, and b"" at its end, after gzip's length and CRC-32 were checked.

        Raises:
            OriginTruncatedError: the answer ended early.
            OriginError: it is not gzip, is incomplete, or has too many bytes in a row without content.
        """
        while True:
            self._waiting = self._waiting or self._body.read(_CHUNK, timeout)
            if not self._waiting:
                return self._end()
            if content := self._inflate_some(size):
                self._idle = 0
                return content
            if self._idle > MAX_IDLE:
                raise OriginError("The origin's gzip has too many bytes in a row without content.")
            timeout = self._next_timeout()

    def _inflate_some(self, size: int) -> bytes:
        self._is_empty = False
        if self._inflate.eof:  # another member follows, as in `cat a.gz b.gz`
            self._inflate = zlib.decompressobj(_GZIP)
        before = len(self._waiting)
        try:
            content = self._inflate.decompress(self._waiting, size)
        except zlib.error:
            raise OriginError("The origin's gzip is damaged.") from None
        self._waiting = self._inflate.unconsumed_tail or self._inflate.unused_data
        self._idle += before - len(self._waiting)
        return content

    def close(self) -> None:
        """Close the connection."""
        self._body.close()

    def _end(self) -> bytes:
        if not (self._inflate.eof or self._is_empty):
            raise OriginTruncatedError("The origin's gzip ended early.")
        return b""
