"""Adding up what comes, and comparing it with what was promised."""

from __future__ import annotations

import base64
import hashlib
import zlib

from async_download_client.errors import ChecksumMismatchError, SizeMismatchError
from async_download_client.models import Ready

__all__ = ["Sums"]


class Sums:
    """Size, CRC32 where S3's checksum is one of the whole object, SHA-256 where one is known."""

    def __init__(self, ready: Ready, sha256: str | None = None) -> None:
        self.count = 0
        self._size = ready.size
        known = ready.checksum
        whole = known is not None and known.algorithm == "CRC32" and "-" not in known.value
        self._crc32 = known.value if known and whole else None
        self._sha256 = {each.lower() for each in (ready.sha256, sha256) if each}
        self._crc = 0
        self._digest = hashlib.sha256() if self._sha256 else None

    @property
    def checks(self) -> tuple[str, ...]:
        """What `verify` compares."""
        return ("size", *(["crc32"] if self._crc32 else []), *(["sha256"] if self._sha256 else []))

    @property
    def sha256(self) -> str | None:
        """The SHA-256 so far, if it is computed."""
        return self._digest.hexdigest() if self._digest else None

    def add(self, data: bytes) -> None:
        """Count bytes; raises SizeMismatchError at the first one too many."""
        self.count += len(data)
        if self.count > self._size:
            raise SizeMismatchError(self._size, self.count)
        if self._crc32:
            self._crc = zlib.crc32(data, self._crc)
        if self._digest:
            self._digest.update(data)

    def verify(self) -> None:
        """Raise SizeMismatchError or ChecksumMismatchError unless everything is right."""
        if self.count != self._size:
            raise SizeMismatchError(self._size, self.count)
        crc32 = base64.b64encode(self._crc.to_bytes(4, "big")).decode()
        if self._crc32 and crc32 != self._crc32:
            raise ChecksumMismatchError("CRC32", self._crc32, crc32)
        for expected in self._sha256:
            if self._digest and self._digest.hexdigest() != expected:
                raise ChecksumMismatchError("SHA-256", expected, self._digest.hexdigest())
