"""The CRC-32 of a file, computed from the CRC-32 of its parts."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

from runtime.models import Digest, crc32_text
from runtime.ports import Part

_POLYNOMIAL = 0xEDB88320


def combine(first: int, second: int, second_length: int) -> int:
    """Return the CRC-32 of A followed by B, from the CRC-32 of each and the length of B."""
    return _times(_shift(second_length), first) ^ second


def whole(parts: Sequence[Part]) -> int:
    """Return the CRC-32 of all parts in order."""
    total = 0
    for part in parts:
        total = combine(total, part.crc32, part.size)
    return total


def composite(parts: Sequence[Part]) -> str:
    """Return S3's COMPOSITE form: the CRC-32 of the parts' CRC-32s, and the number of parts."""
    digests = b"".join(part.crc32.to_bytes(4, "big") for part in parts)
    return f"{crc32_text(zlib.crc32(digests))}-{len(parts)}"


def digest(parts: Sequence[Part]) -> Digest:
    """Return both forms of the parts' CRC-32."""
    return Digest(crc32_text(whole(parts)), composite(parts))


def _times(left: int, right: int) -> int:
    """Return the product of two polynomials modulo the CRC's; bit 31 is the constant term."""
    product, bit = 0, 1 << 31
    while left:
        if left & bit:
            product ^= right
            left ^= bit
        bit >>= 1
        right = (right >> 1) ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


@lru_cache(maxsize=64)
def _shift(length: int) -> int:
    """Return X to the power of 8 x length."""
    power, square = 1 << 31, 1 << 23  # 1 and x^8
    while length:
        if length & 1:
            power = _times(square, power)
        square = _times(square, square)
        length >>= 1
    return power
