"""The plan of a copy in slices: parts, slices and batches of a file, computed from its size.

One UploadPart stores a part. One worker copies a slice, a run of parts that takes it far less than its time. One
Distributed Map copies a batch of slices; larger files are copied in several batches, one after the other. Only the
numbers of slices go through the state machine: a worker computes its bytes from the file's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

MIB = 1024**2
GIB = 1024**3
MIN_PART = 8 * MIB  # S3 requires 5 MiB; 8 MiB need fewer requests, which cost
MAX_PART = 5 * GIB
MAX_PARTS = 10_000
LARGEST = MAX_PART * MAX_PARTS  # 48.8 TiB, S3's largest object
MAX_HELD = 16 * MIB  # the largest part that a worker holds in memory; larger ones are streamed
MIN_SLICE = 64 * MIB  # starting a worker for less costs more time than it saves
MAX_SLICE = 2 * GIB  # at 25 MB/s a worker needs 86 s of its 120 for it
MAX_SLICES = 1_000  # in one Map; more of them slow it down


@dataclass(frozen=True)
class Range:
    """One part: its number, from 1, and its bytes, both ends included as in HTTP's `Range`."""

    number: int
    first: int
    last: int

    @property
    def length(self) -> int:
        """Return the number of bytes."""
        return self.last - self.first + 1

    @property
    def header(self) -> str:
        """Return the value of the `Range` header that requests it."""
        return f"bytes={self.first}-{self.last}"


@dataclass(frozen=True)
class Plan:
    """The plan of a file of `size` bytes (1 or more)."""

    size: int
    part_size: int
    parts_per_slice: int
    max_slices: int = MAX_SLICES

    @property
    def part_count(self) -> int:
        """Return the number of parts."""
        return -(-self.size // self.part_size)

    @property
    def slice_count(self) -> int:
        """Return the number of slices."""
        return -(-self.part_count // self.parts_per_slice)

    def part(self, number: int) -> Range:
        """Return a part by its number, from 1.

        Raises:
            IndexError: there is no such part.
        """
        if not 1 <= number <= self.part_count:
            raise IndexError(f"part {number} of {self.part_count}")
        first = (number - 1) * self.part_size
        return Range(number, first, min(first + self.part_size, self.size) - 1)

    def parts_of(self, index: int) -> Iterator[Range]:
        """Return the parts of a slice, by the slice's number, from 0.

        Raises:
            IndexError: there is no such slice.
        """
        if not 0 <= index < self.slice_count:
            raise IndexError(f"slice {index} of {self.slice_count}")
        first = index * self.parts_per_slice + 1
        return (self.part(n) for n in range(first, min(first + self.parts_per_slice, self.part_count + 1)))

    def batch(self, first: int) -> list[int]:
        """Return the numbers of the slices of one Map, from slice `first`; none after the last."""
        return list(range(first, min(first + self.max_slices, self.slice_count)))


Cut = Callable[[int], Plan]


def plan(size: int, *, min_part: int = MIN_PART) -> Plan:
    """Plan the copy of a file of `size` bytes.

    Raises:
        ValueError: nothing to cut, or more than S3 can hold.
    """
    if not 1 <= size <= LARGEST:
        raise ValueError(f"A size from 1 to {LARGEST} bytes can be planned, not {size}.")
    part_size = max(min_part, _round_up(-(-size // MAX_PARTS), MIB))
    parts = -(-size // part_size)
    parts_per_slice = max(MIN_SLICE // part_size, -(-parts // MAX_SLICES))
    return Plan(size, part_size, max(1, min(parts_per_slice, MAX_SLICE // part_size)))


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step
