"""Objects and parts in the bucket."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StoredPart:
    """A part without its bytes."""

    number: int
    etag: str
    size: int
    crc32: int

    @property
    def checksum(self) -> str:
        """Return the CRC-32 in base64."""
        return base64_of(self.crc32)


@dataclass(frozen=True)
class StoredObject:
    """An object; `content` is kept only for objects that came in a single PutObject.

    `crc32` covers the whole object if its type is FULL_OBJECT, else the checksums of its parts.
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
        """Return the checksum in S3's notation."""
        return base64_of(self.crc32) + (f"-{self.part_count}" if self.checksum_type == "COMPOSITE" else "")


def base64_of(crc32: int) -> str:
    """Return a CRC-32 in S3's notation."""
    return base64.b64encode(crc32.to_bytes(4, "big")).decode()


def crc32_of_checksums(parts: Sequence[StoredPart]) -> int:
    """Return the CRC-32 of the parts' checksums, the first half of a COMPOSITE checksum."""
    return zlib.crc32(b"".join(part.crc32.to_bytes(4, "big") for part in parts))
