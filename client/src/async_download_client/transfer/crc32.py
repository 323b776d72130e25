"""CRC-32 of a whole from the CRC-32 of its pieces, so that pieces may come in any order."""

from __future__ import annotations

import base64
from functools import lru_cache

__all__ = ["combined", "text"]

_POLYNOMIAL = 0xEDB88320
_ONE, _X8 = 1 << 31, 1 << 23  # the highest bit is the constant term


def combined(first: int, second: int, length: int) -> int:
    """The CRC-32 of two pieces in a row, from theirs and the second one's length."""
    return _product(_shift(length), first) ^ second


def text(crc: int) -> str:
    """As S3 writes it: base64 of four bytes."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def _product(left: int, right: int) -> int:
    total = 0
    for bit in range(31, -1, -1):
        if left >> bit & 1:
            total ^= right
        right = right >> 1 ^ (_POLYNOMIAL if right & 1 else 0)
    return total


@lru_cache(maxsize=16)
def _shift(length: int) -> int:
    """What so many bytes after a piece do to its CRC: x to the power of 8 x length."""
    power, square = _ONE, _X8
    while length:
        if length & 1:
            power = _product(square, power)
        square = _product(square, square)
        length >>= 1
    return power
