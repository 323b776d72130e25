"""Bodies as they come over the wire: of a known length, in HTTP's chunks, and in the aws-chunked ones inside."""

from __future__ import annotations

import io
from typing import Any, Protocol

BUFFER = 256 * 1024
LEAST_CHUNK = 8 * 1024


class Stream(Protocol):
    """What bodies are read from."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill as much as there is."""

    def readline(self, most: int, /) -> bytes:
        """The next line."""


class CutOffError(Exception):
    """The client left in the middle of a body."""


class Exactly(io.RawIOBase):
    """So many bytes of a stream."""

    def __init__(self, stream: Stream, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        return self._some(memoryview(buffer)) if self._left else 0

    def _some(self, view: memoryview) -> int:
        read = self._stream.readinto(view[: self._left]) or 0
        if not read:
            raise CutOffError
        self._left -= read
        return read


class Chunked(Exactly):
    """Chunks of hexadecimal length until one of none; HTTP's and aws-chunked are written alike.

    `trailers` are the headers behind the last chunk, once it was reached.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, 0)
        self.trailers: dict[str, str] = {}
        self._ended = False
        self._first = True

    def readinto(self, buffer: Any) -> int:
        """The next bytes of the current chunk."""
        if self._left == 0 and not self._ended:
            self._open()
        return super().readinto(buffer)

    def _open(self) -> None:
        if not self._first and self._line():
            raise ValueError("a chunk is longer than its length")
        self._first = False
        self._left = self._length()
        if self._left:
            return
        self._ended = True
        while line := self._line():
            name, _, value = line.decode("ascii").partition(":")
            self.trailers[name.strip().lower()] = value.strip()

    def _length(self) -> int:
        return int(self._line().partition(b";")[0], 16)

    def _line(self) -> bytes:
        line = self._stream.readline(8192)
        if not line.endswith(b"\n"):
            raise CutOffError
        return line.rstrip(b"\r\n")


class AwsChunked(Chunked):
    """As S3 takes them: only the last chunk with bytes in it may be shorter than 8 KiB."""

    _last = LEAST_CHUNK

    def _length(self) -> int:
        length = super()._length()
        if length and self._last < LEAST_CHUNK:
            raise ValueError("a chunk that is not the last is too short")
        self._last = length
        return length


def buffered(raw: io.RawIOBase) -> io.BufferedReader:
    """With lines."""
    return io.BufferedReader(raw, BUFFER)
