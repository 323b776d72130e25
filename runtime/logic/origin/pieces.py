"""Answers that end before the requested range does. They are continued, unless they are absurdly small."""

from __future__ import annotations

from runtime.errors import OriginRangeError

FREE_PIECES = 100  # of any size
MIN_AVERAGE = 16 * 1024  # bytes of each further one


class Pieces:
    """Counts the short answers of one transfer, so that a file is not requested byte by byte."""

    def __init__(self) -> None:
        self._count = 0
        self._bytes = 0

    def add(self, size: int) -> None:
        """Count a short answer of `size` bytes.

        Raises:
            OriginRangeError: there are more than 100 of them, and one for less than 16 KiB.
        """
        self._count += 1
        self._bytes += size
        if self._count > FREE_PIECES + self._bytes // MIN_AVERAGE:
            raise OriginRangeError("The origin answers ranges in pieces of a few bytes.")
