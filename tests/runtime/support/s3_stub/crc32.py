"""Combines CRC-32 values with matrices over GF(2); a second implementation that checks the runtime's."""

from __future__ import annotations

from functools import lru_cache

Matrix = tuple[int, ...]
_POLYNOMIAL = 0xEDB88320
_ONE_BIT: Matrix = (_POLYNOMIAL, *(1 << bit for bit in range(31)))  # appends a zero bit to a CRC


def combine(first: int, second: int, second_length: int) -> int:
    """Return the CRC-32 of A followed by B, where B has `second_length` bytes."""
    return _apply(_zero_bytes(second_length), first) ^ second


@lru_cache(maxsize=64)
def _zero_bytes(length: int) -> Matrix:
    """Return the matrix that appends `length` zero bytes."""
    power = _ONE_BIT
    for _ in range(3):
        power = _multiply(power, power)
    result: Matrix = tuple(1 << bit for bit in range(32))
    while length:
        if length & 1:
            result = _multiply(power, result)
        power = _multiply(power, power)
        length >>= 1
    return result


def _multiply(left: Matrix, right: Matrix) -> Matrix:
    return tuple(_apply(left, column) for column in right)


def _apply(matrix: Matrix, vector: int) -> int:
    total = 0
    for column in matrix:
        if vector & 1:
            total ^= column
        vector >>= 1
    return total
