"""CRC-32 of A followed by B from theirs, with matrices over GF(2): another way than the runtime's, to check it."""

from __future__ import annotations

from functools import lru_cache

Matrix = tuple[int, ...]
_POLYNOMIAL = 0xEDB88320
_ONE_BIT: Matrix = (_POLYNOMIAL, *(1 << bit for bit in range(31)))  # what a zero bit does to a CRC


def combine(first: int, second: int, second_length: int) -> int:
    """The CRC-32 of A followed by B, which has this many bytes."""
    return _apply(_zeros(second_length), first) ^ second


@lru_cache(maxsize=64)
def _zeros(length: int) -> Matrix:
    """What so many zero bytes do to a CRC."""
    power = _ONE_BIT
    for _ in range(3):
        power = _after(power, power)
    result: Matrix = tuple(1 << bit for bit in range(32))
    while length:
        if length & 1:
            result = _after(power, result)
        power = _after(power, power)
        length >>= 1
    return result


def _after(last: Matrix, first: Matrix) -> Matrix:
    return tuple(_apply(last, column) for column in first)


def _apply(matrix: Matrix, vector: int) -> int:
    total = 0
    for column in matrix:
        if vector & 1:
            total ^= column
        vector >>= 1
    return total
