"""What the bucket holds."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StoredPart:
    """A part, of which only this is kept."""

    number: int
    etag: str
    size: int
    crc32: int

    @property
    def checksum(self) -> str:
        """Its CRC-32, base64."""
        return base64_of(self.crc32)


@dataclass(frozen=True)
class StoredObject:
    """An object; `content` is kept only of what came in one piece.

    `crc32` is that of the whole where it is FULL_OBJECT, else that of the parts' checksums.
    """

    size: int
    etag: str
    crc32: int
    checksum_type: str
    content_type: str
    metadata: Mapping[str, str]
    part_count: int
    content: bytes = b""

    @property
    def checksum(self) -> str:
        """As S3 writes it."""
        return base64_of(self.crc32) + (f"-{self.part_count}" if self.checksum_type == "COMPOSITE" else "")


def base64_of(crc32: int) -> str:
    """A CRC-32 as S3 writes it."""
    return base64.b64encode(crc32.to_bytes(4, "big")).decode()


def crc32_of_checksums(parts: Sequence[StoredPart]) -> int:
    """What a COMPOSITE checksum begins with."""
    return zlib.crc32(b"".join(part.crc32.to_bytes(4, "big") for part in parts))
