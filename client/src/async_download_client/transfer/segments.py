"""Divides a file into segments and counts the bytes that each of them has."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

from async_download_client.transfer.crc32 import combine, crc32

MIN_SEGMENT_BYTES = 8 << 20
_MAX_SEGMENT_BYTES = 64 << 20
_SEGMENTS_PER_WORKER = 8
_MAX_SEGMENTS = 10_000


def segment_bytes(size: int, workers: int) -> int:
    """Return the length of the segments of a file that so many workers download.

    With eight segments per worker, a slow connection does not hold up the end. Segments have 8 to 64 MiB, or more where
    that would make over 10,000 of them.
    """
    length = min(_MAX_SEGMENT_BYTES, size // (_SEGMENTS_PER_WORKER * workers))
    return max(MIN_SEGMENT_BYTES, length, -(-size // _MAX_SEGMENTS))


@dataclass
class Segment:
    """A range of the file that one worker at a time fills from its start."""

    index: int
    start: int
    length: int
    count: int = 0
    crc: int = 0
    max_count: int = 0

    @property
    def position(self) -> int:
        """The position in the file of the next byte."""
        return self.start + self.count

    @property
    def end(self) -> int:
        """The position in the file after the last byte."""
        return self.start + self.length

    @property
    def missing(self) -> int:
        """The number of missing bytes."""
        return self.length - self.count

    def add(self, data: memoryview) -> bool:
        """Count received bytes; returns True if the segment now has more bytes than ever before."""
        self.count += len(data)
        self.crc = crc32(data, self.crc)
        is_progress = self.count > self.max_count
        self.max_count = max(self.max_count, self.count)
        return is_progress

    def restart(self) -> None:
        """Drop the bytes of the segment."""
        self.count = self.crc = 0


class Segments:
    """All segments of a file, handed to workers in order."""

    def __init__(self, size: int, length: int) -> None:
        self.size = size
        self.all = [Segment(n, at, min(length, size - at)) for n, at in enumerate(range(0, size, length or 1))]
        self._lock = threading.Lock()
        self._next = 0

    def take(self) -> Segment | None:
        """Return the next incomplete segment, or None after the last one."""
        with self._lock:
            while self._next < len(self.all):
                segment = self.all[self._next]
                self._next += 1
                if segment.missing:
                    return segment
        return None

    def take_after(self, segment: Segment) -> Segment | None:
        """Return the segment behind this one; None if it has bytes or was taken, or this is the last one."""
        with self._lock:
            following = self.all[self._next] if self._next < len(self.all) else None
            if following is None or following.index != segment.index + 1 or following.count:
                return None
            self._next += 1
            return following

    def end_of_run(self, segment: Segment) -> int:
        """Return the end of the last of those segments behind this one that are empty and not taken."""
        with self._lock:
            end = segment.end
            if self._next == segment.index + 1:
                for following in itertools.takewhile(lambda following: not following.count, self.all[self._next :]):
                    end = following.end
            return end

    @property
    def received(self) -> int:
        """The number of bytes that all segments have."""
        return sum(segment.count for segment in self.all)

    @property
    def crc(self) -> int:
        """The CRC-32 of the whole file."""
        total = 0
        for segment in self.all:
            total = combine(total, segment.crc, segment.count)
        return total
