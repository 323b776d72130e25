"""Request bodies on the wire: of a known length, HTTP chunked, and aws-chunked."""

from __future__ import annotations

import io
from typing import Any, Protocol

BUFFER = 256 * 1024
MIN_CHUNK = 8 * 1024


class Stream(Protocol):
    """A binary stream that bodies are read from."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Read available bytes into the buffer and return their number."""

    def readline(self, max_bytes: int, /) -> bytes:
        """Return the next line of at most `max_bytes`."""


class CutOffError(Exception):
    """The client closed the connection in the middle of a body."""


class FixedLength(io.RawIOBase):
    """A body of a known length."""

    def __init__(self, stream: Stream, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into the buffer; return 0 at the end."""
        return self._read_some(memoryview(buffer)) if self._left else 0

    def _read_some(self, view: memoryview) -> int:
        read = self._stream.readinto(view[: self._left]) or 0
        if not read:
            raise CutOffError
        self._left -= read
        return read


class Chunked(FixedLength):
    """Chunks with hexadecimal lengths, ended by an empty one: the format of HTTP and of aws-chunked.

    `trailers` holds the headers after the last chunk, once it has been read.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, 0)
        self.trailers: dict[str, str] = {}
        self._ended = False
        self._first = True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes of the current chunk."""
        if self._left == 0 and not self._ended:
            self._begin_chunk()
        return super().readinto(buffer)

    def _begin_chunk(self) -> None:
        if not self._first and self._read_line():
            raise ValueError("a chunk is longer than its length")
        self._first = False
        self._left = self._read_length()
        if self._left:
            return
        self._ended = True
        while line := self._read_line():
            name, _, value = line.decode("ascii").partition(":")
            self.trailers[name.strip().lower()] = value.strip()

    def _read_length(self) -> int:
        return int(self._read_line().partition(b";")[0], 16)

    def _read_line(self) -> bytes:
        line = self._stream.readline(8192)
        if not line.endswith(b"\n"):
            raise CutOffError
        return line.rstrip(b"\r\n")


class AwsChunked(Chunked):
    """Chunks under S3's rule: only the last chunk with bytes may be shorter than 8 KiB."""

    _last = MIN_CHUNK

    def _read_length(self) -> int:
        length = super()._read_length()
        if length and self._last < MIN_CHUNK:
            raise ValueError("a chunk that is not the last is too short")
        self._last = length
        return length


def buffered(raw: io.RawIOBase) -> io.BufferedReader:
    """Return a buffered reader, which can read lines."""
    return io.BufferedReader(raw, BUFFER)
