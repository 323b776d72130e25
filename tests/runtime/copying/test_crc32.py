"""CRC-32 of a whole from its parts, in S3's notation."""

from __future__ import annotations

import base64
import zlib

from hypothesis import given
from hypothesis import strategies as st

from runtime.logic.copying import crc32
from runtime.models import crc32_text
from runtime.ports import Part


def parts_of(chunks: list[bytes]) -> list[Part]:
    """Return parts as S3 would have acknowledged them."""
    return [Part(number, "etag", len(chunk), zlib.crc32(chunk)) for number, chunk in enumerate(chunks, 1)]


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_whole_equals_the_checksum_of_the_concatenation(chunks: list[bytes]) -> None:
    assert crc32.whole(parts_of(chunks)) == zlib.crc32(b"".join(chunks))


def test_parts_longer_than_32_bits_are_combined() -> None:
    """Lengths are reached by doubling a run of zeros."""
    half, length = zlib.crc32(bytes(1 << 20)), 1 << 20
    assert crc32.combine(half, half, length) == zlib.crc32(bytes(2 << 20))
    for _ in range(20):
        half, length = crc32.combine(half, half, length), 2 * length
    assert length > 1 << 32
    quarters = crc32.combine(crc32.combine(half, half, length), crc32.combine(half, half, length), 2 * length)
    steps = half
    for _ in range(3):
        steps = crc32.combine(steps, half, length)
    assert quarters == steps


def test_checksums_are_written_in_s3s_notation() -> None:
    assert crc32_text(zlib.crc32(b"123456789")) == base64.b64encode(bytes.fromhex("cbf43926")).decode()
    parts = parts_of([b"a", b"b"])
    digests = b"".join(zlib.crc32(chunk).to_bytes(4, "big") for chunk in (b"a", b"b"))
    assert crc32.composite(parts) == crc32_text(zlib.crc32(digests)) + "-2"
