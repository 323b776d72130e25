"""Decompresses the answer of an origin that compresses although identity was requested."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from runtime.errors import OriginError, OriginTruncatedError
from runtime.ports import Body

MAX_IDLE = 1024 * 1024  # compressed bytes in a row without a byte of the file, such as a header or empty blocks
MAX_PADDING = 32 * 1024  # bytes that servers and tapes put behind the end
_PADDING = b"\x00\r\n"
_CHUNK = 64 * 1024
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_MEMBER = 0x1F  # first byte of a member of gzip


class DecompressedBody:
    """A `ports.Body` that decompresses another one. It holds one chunk, whatever the compression.

    `coding` is `gzip`, of any number of members, or `deflate`: of zlib, or raw, which some servers send. Zeros and line
    breaks may follow. `next_timeout` is called before each further read of the same call. It returns the seconds for
    that read, or raises if the copy was cancelled.
    """

    def __init__(self, body: Body, coding: str, next_timeout: Callable[[], float]) -> None:
        self.status = body.status
        self.headers: Mapping[str, str] = body.headers
        self._body = body
        self._coding = coding
        self._next_timeout = next_timeout
        self._idle = 0
        self._padding = 0
        self._inflate = zlib.decompressobj(_GZIP)
        self._waiting = b""
        self._has_output = False  # which may need no further input
        self._is_empty = True  # some origins send an empty file as no bytes instead of gzip

    def read(self, size: int, timeout: float) -> bytes:
        """Return the next bytes of the file, and b"" at its end, after its length and checksums were checked.

        Raises:
            OriginTruncatedError: the answer ended early.
            OriginError: it is damaged, or has too many bytes in a row without content.
        """
        while True:
            if not self._waiting and not self._has_output:
                self._waiting = self._body.read(_CHUNK, timeout)
                if not self._waiting:
                    return self._end()
            if content := self._inflate_some(size):
                self._idle = 0
                return content
            if self._idle > MAX_IDLE:
                raise OriginError(f"The origin's {self._coding} has too many bytes in a row without content.")
            timeout = self._next_timeout()

    def close(self) -> None:
        """Close the connection."""
        self._body.close()

    def _inflate_some(self, size: int) -> bytes:
        if self._is_empty:
            self._is_empty = False
            self._inflate = self._begin(self._waiting[0])
        if self._inflate.eof and not self._begin_member():
            return b""
        before = len(self._waiting)
        try:
            content = self._inflate.decompress(self._waiting, size)
        except zlib.error:
            raise OriginError(f"The origin's {self._coding} is damaged.") from None
        self._waiting = self._inflate.unconsumed_tail or self._inflate.unused_data
        self._has_output = len(content) == size and not self._inflate.eof
        self._idle += before - len(self._waiting)
        return content

    def _begin(self, first: int) -> zlib._Decompress:
        if self._coding == "gzip":
            return zlib.decompressobj(_GZIP)
        is_zlib = first & 0x0F == 8  # raw deflate begins so only with a bit that every encoder leaves 0
        return zlib.decompressobj(_ZLIB if is_zlib else _RAW)

    def _begin_member(self) -> bool:
        """Begin another member of gzip, as in `cat a.gz b.gz`, or skip padding and return False."""
        if self._coding == "gzip" and self._waiting[0] == _MEMBER and not self._padding:
            self._inflate = zlib.decompressobj(_GZIP)
            return True
        self._padding += len(self._waiting)
        if self._waiting.strip(_PADDING) or self._padding > MAX_PADDING:
            raise OriginError(f"The origin's {self._coding} has other bytes behind its end.")
        self._waiting = b""
        return False

    def _end(self) -> bytes:
        if not (self._inflate.eof or self._is_empty):
            raise OriginTruncatedError(f"The origin's {self._coding} ended early.")
        return b""
