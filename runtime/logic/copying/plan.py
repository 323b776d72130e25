"""How a file is cut into parts, and parts into slices: pure arithmetic, the same answer for the same size.

A part is what one UploadPart stores. A slice is what one worker carries: a run of parts, small enough to be done
long before the worker's time is up. A batch is the slices that one Map carries; a file that is too large for one is
copied in several, one after the other. Only the slices' numbers travel through the state machine: a worker knows from
the size which bytes are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

MIB = 1024**2
GIB = 1024**3
MIN_PART = 8 * MIB  # S3 wants 5 MiB or more; 8 keeps requests, and so their cost, down
MAX_PART = 5 * GIB
MAX_PARTS = 10_000
LARGEST = MAX_PART * MAX_PARTS  # 48.8 TiB, S3's largest object
MAX_HELD = 16 * MIB  # the largest part that a worker holds in memory; a larger one is streamed
MIN_SLICE = 64 * MIB  # below it starting a worker costs more than it saves
MAX_SLICE = 2 * GIB  # at 25 MB/s a worker needs 86 s of its 120 for it
MAX_SLICES = 1_000  # in one Map: more of them begin to be felt


@dataclass(frozen=True)
class Range:
    """One part: its number, from 1, and its bytes, both ends included as in HTTP's `Range`."""

    number: int
    first: int
    last: int

    @property
    def length(self) -> int:
        """Bytes in it."""
        return self.last - self.first + 1

    @property
    def header(self) -> str:
        """Value of the `Range` header that asks for it."""
        return f"bytes={self.first}-{self.last}"


@dataclass(frozen=True)
class Plan:
    """The cut of a file of `size` bytes (1 or more)."""

    size: int
    part_size: int
    parts_per_slice: int
    max_slices: int = MAX_SLICES

    @property
    def part_count(self) -> int:
        """Parts in all."""
        return -(-self.size // self.part_size)

    @property
    def slice_count(self) -> int:
        """Slices in all."""
        return -(-self.part_count // self.parts_per_slice)

    def part(self, number: int) -> Range:
        """A part by its number, from 1.

        Raises:
            IndexError: there is no such part.
        """
        if not 1 <= number <= self.part_count:
            raise IndexError(f"part {number} of {self.part_count}")
        first = (number - 1) * self.part_size
        return Range(number, first, min(first + self.part_size, self.size) - 1)

    def parts_of(self, index: int) -> Iterator[Range]:
        """The parts of a slice, by the slice's number, from 0.

        Raises:
            IndexError: there is no such slice.
        """
        if not 0 <= index < self.slice_count:
            raise IndexError(f"slice {index} of {self.slice_count}")
        first = index * self.parts_per_slice + 1
        return (self.part(n) for n in range(first, min(first + self.parts_per_slice, self.part_count + 1)))

    def batch(self, first: int) -> list[int]:
        """The numbers of the slices that one Map carries, from slice `first`; none behind the last."""
        return list(range(first, min(first + self.max_slices, self.slice_count)))


Cut = Callable[[int], Plan]


def plan(size: int, *, min_part: int = MIN_PART) -> Plan:
    """Cut a file of `size` bytes.

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
