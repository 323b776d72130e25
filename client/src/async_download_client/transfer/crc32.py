"""CRC-32, also of a file from those of its segments, so that segments may arrive in any order."""

from __future__ import annotations

import base64
from functools import lru_cache

try:
    from zlib_ng.zlib_ng import crc32
except ImportError:  # a platform without wheels
    from zlib import crc32

__all__ = ["combine", "crc32", "to_base64"]

_POLYNOMIAL = 0xEDB88320
_X0, _X8 = 1 << 31, 1 << 23  # the highest bit is the constant term


def combine(first: int, second: int, length: int) -> int:
    """Return the CRC-32 of two adjacent byte ranges, from theirs and the length of the second."""
    return _product(_shift(length), first) ^ second


def to_base64(crc: int) -> str:
    """Return a CRC-32 in S3's notation: base64 of four bytes."""
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
    """Return the factor by which `length` following bytes shift a CRC-32: x to the power of 8 x length."""
    power, square = _X0, _X8
    while length:
        if length & 1:
            power = _product(square, power)
        square = _product(square, square)
        length >>= 1
    return power
