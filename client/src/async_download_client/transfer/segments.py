"""How a file is cut up, and what of it is there."""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass

from async_download_client.transfer import crc32

__all__ = ["SEGMENT_BYTES", "Segment", "Segments", "segment_bytes"]

SEGMENT_BYTES = 8 << 20
_MOST_SEGMENTS = 10_000


def segment_bytes(size: int) -> int:
    """The length of segments: 8 MiB, and more of very large files."""
    return max(SEGMENT_BYTES, -(-size // _MOST_SEGMENTS))


@dataclass
class Segment:
    """A stretch of the file. One lane at a time fills it, from its beginning on."""

    index: int
    start: int
    length: int
    count: int = 0
    crc: int = 0
    best: int = 0

    @property
    def position(self) -> int:
        """Where in the file its next byte belongs."""
        return self.start + self.count

    @property
    def end(self) -> int:
        """The position after its last byte."""
        return self.start + self.length

    @property
    def missing(self) -> int:
        """How many bytes it lacks."""
        return self.length - self.count

    def add(self, data: bytes) -> bool:
        """Count bytes; tells whether they are more than there ever were."""
        self.count += len(data)
        self.crc = zlib.crc32(data, self.crc)
        more = self.count > self.best
        self.best = max(self.best, self.count)
        return more

    def restart(self) -> None:
        """Nothing of it is there any more."""
        self.count = self.crc = 0


class Segments:
    """All of a file, handed out in order."""

    def __init__(self, size: int, length: int) -> None:
        self.size = size
        self.all = [Segment(n, at, min(length, size - at)) for n, at in enumerate(range(0, size, length or 1))]
        self._lock = threading.Lock()
        self._next = 0

    def take(self) -> Segment | None:
        """The next one that is not full; None when there is none left."""
        with self._lock:
            while self._next < len(self.all):
                segment = self.all[self._next]
                self._next += 1
                if segment.missing:
                    return segment
        return None

    @property
    def received(self) -> int:
        """Bytes that are there."""
        return sum(each.count for each in self.all)

    @property
    def crc(self) -> int:
        """The CRC-32 of all."""
        total = 0
        for each in self.all:
            total = crc32.combined(total, each.crc, each.count)
        return total
