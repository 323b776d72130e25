"""Bodies that cannot be rewound."""

from __future__ import annotations

import zlib


class OneWay:
    """So many bytes, made up as they are read and never again; `crc32` is of those that were given out."""

    def __init__(self, size: int, block: bytes = bytes(range(251)) * 1021) -> None:
        self.crc32 = 0
        self._size = size
        self._left = size
        self._block = block

    def __len__(self) -> int:
        return self._size

    def read(self, most: int = -1) -> bytes:
        """The next bytes."""
        wanted = min(self._left, len(self._block), most if most >= 0 else self._left)
        chunk = self._block[:wanted]
        self._left -= len(chunk)
        self.crc32 = zlib.crc32(chunk, self.crc32)
        return chunk
