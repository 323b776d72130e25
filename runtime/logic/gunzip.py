"""The answer of an origin that compresses although it was asked not to, as the bytes of the file."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from runtime.errors import OriginError, OriginTruncatedError
from runtime.ports import Body

_CHUNK = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class Gunzip:
    """A `ports.Body` over one of gzip; memory is a chunk, whatever that unfolds to."""

    def __init__(self, body: Body) -> None:
        self.status = body.status
        self.headers: Mapping[str, str] = body.headers
        self._body = body
        self._inflate = zlib.decompressobj(_GZIP)
        self._waiting = b""
        self._is_empty = True  # nothing at all is no gzip, but is how some origins send an empty file

    def read(self, most: int, timeout: float) -> bytes:
        """The next bytes of the file; nothing at its end, which gzip's own length and CRC-32 have proved.

        Raises:
            OriginTruncatedError: the answer ended early.
            OriginError: it is not gzip, or not whole.
        """
        while True:
            self._waiting = self._waiting or self._body.read(_CHUNK, timeout)
            if not self._waiting:
                return self._end()
            self._is_empty = False
            if self._inflate.eof:  # another member follows, as `cat a.gz b.gz` makes them
                self._inflate = zlib.decompressobj(_GZIP)
            try:
                found = self._inflate.decompress(self._waiting, most)
            except zlib.error:
                raise OriginError("The origin's gzip is damaged.") from None
            self._waiting = self._inflate.unconsumed_tail or self._inflate.unused_data
            if found:
                return found

    def close(self) -> None:
        """Drop the connection."""
        self._body.close()

    def _end(self) -> bytes:
        if not (self._inflate.eof or self._is_empty):
            raise OriginTruncatedError("The origin's gzip ended early.")
        return b""
