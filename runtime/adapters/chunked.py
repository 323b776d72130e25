"""The chunked transfer coding (RFC 9112, 7.1), read strictly and within bounds.

- A size is 1 to 16 hexadecimal digits; blanks and extensions may follow it, and are ignored. Nothing precedes it.
- Size lines, chunks and trailer lines end with CRLF. A CR or LF anywhere else in a line is an error.
- A size line has at most 4 KB; trailers have at most 100 lines and 16 KB. They are read and ignored.
- The body is complete after the empty line behind the trailers, and not before.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from runtime.errors import OriginError, OriginTruncatedError

MAX_SIZE_LINE = 4096
MAX_TRAILERS = 16 * 1024
MAX_TRAILER_LINES = 100
_BUFFER = 64 * 1024
_DIRECT = 16 * 1024  # bytes of a chunk that are worth a call of `receive` of their own
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_CRLF = b"\r\n"
_FAULTY = "The origin's chunked transfer coding is faulty: {}."


class ChunkedBody:
    """The bytes in the chunks of one body. `receive(n)` returns 1 to n bytes, as soon as there are any; b"" at EOF."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self.is_complete = False
        self._receive = receive
        self._buffer = b""
        self._at = 0
        self._left = 0  # bytes of the current chunk that were not read yet
        self._is_first = True

    @property
    def has_surplus(self) -> bool:
        """Return whether bytes came after the end."""
        return self._at < len(self._buffer)

    def read(self, size: int) -> bytes:
        """Return 1 to `size` bytes, of as many chunks as have come in; b"" when the body is complete.

        Raises:
            OriginTruncatedError: the connection ended before the body was complete.
            OriginError: the coding is faulty.
        """
        if not self._left and not self._next_chunk():
            return b""
        if self._at == len(self._buffer):
            if min(size, self._left) >= _DIRECT:
                return self._count(self._receive_some(min(size, self._left)))
            self._fill()
        pieces = [self._take(size)]
        size -= len(pieces[0])
        while size and not self._left and self._has_next_chunk():
            pieces.append(self._take(size))
            size -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take(self, size: int) -> bytes:
        piece = self._buffer[self._at : self._at + min(size, self._left)]
        self._at += len(piece)
        return self._count(piece)

    def _count(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        return piece

    def _has_next_chunk(self) -> bool:
        """Begin the next chunk if its size line and some of its bytes are in the buffer."""
        end = self._buffer.find(b"\n", self._at + len(_CRLF))
        if end < 0 or end + 1 == len(self._buffer) or self._buffer[self._at + len(_CRLF)] == ord("0"):
            return False
        return self._next_chunk()

    def _next_chunk(self) -> bool:
        """Read the next size line; after the last chunk the trailers, and return False."""
        if self.is_complete:
            return False
        if not self._is_first:
            self._line(len(_CRLF), "a chunk is longer than its size")
        self._is_first = False
        match = _SIZE_LINE.fullmatch(self._line(MAX_SIZE_LINE, "a size line is too long"))
        if match is None:
            raise OriginError(_FAULTY.format("a size line is malformed"))
        self._left = int(match[1], 16)
        if not self._left:
            self._skip_trailers()
            self.is_complete = True
        return self._left > 0

    def _skip_trailers(self) -> None:
        left = MAX_TRAILERS
        for _ in range(MAX_TRAILER_LINES + 1):
            line = self._line(left, "the trailers are too long")
            if not line:
                return
            left -= len(line) + len(_CRLF)
        raise OriginError(_FAULTY.format("there are too many trailers"))

    def _line(self, limit: int, too_long: str) -> bytes:
        """Read a line of at most `limit` bytes with its CRLF, and return it without."""
        searched = self._at
        while (end := self._buffer.find(b"\n", searched, self._at + limit)) < 0:
            if len(self._buffer) - self._at >= limit:
                raise OriginError(_FAULTY.format(too_long))
            searched = len(self._buffer) - self._at
            self._fill()
        line, self._at = self._buffer[self._at : end + 1], end + 1
        if not line.endswith(_CRLF) or b"\r" in line[: -len(_CRLF)]:
            raise OriginError(_FAULTY.format("a line does not end with CRLF"))
        return line[: -len(_CRLF)]

    def _fill(self) -> None:
        self._buffer, self._at = self._buffer[self._at :] + self._receive_some(_BUFFER), 0

    def _receive_some(self, size: int) -> bytes:
        received = self._receive(size)
        if not received:
            raise OriginTruncatedError("The connection to the origin was lost in the middle.")
        return received
