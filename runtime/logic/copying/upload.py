"""A multipart upload whose parts are added in order. A few buffers are used again and again: memory is constant."""

from __future__ import annotations

import hashlib
import queue
import zlib
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from runtime.errors import StorageError, TimedOutError
from runtime.logic.origin.retries import Deadline
from runtime.ports import Objects, Part

MAX_PARTS = 10_000


@dataclass
class Buffers:
    """The only memory that file content is ever held in: `count` reusable buffers of `size` bytes."""

    size: int
    count: int
    _allocated: int = 0
    _free: queue.SimpleQueue[bytearray] = field(default_factory=queue.SimpleQueue)

    def take(self, deadline: Deadline) -> bytearray:
        """Return a free buffer; wait for one if all are in use.

        Raises:
            TimedOutError: none became free in time.
        """
        try:
            return self._free.get_nowait()
        except queue.Empty:
            if self._allocated < self.count:
                self._allocated += 1
                return bytearray(self.size)
        try:
            return self._free.get(timeout=deadline.remaining())
        except queue.Empty:
            raise TimedOutError("Storing the file took too long.") from None

    def give_back(self, buffer: bytearray) -> None:
        """Make a buffer free again, unless it was shortened for the last part."""
        if len(buffer) == self.size:
            self._free.put(buffer)
        else:
            self._allocated -= 1


class PartUpload:
    """Stores the parts of one multipart upload in threads, and computes the SHA-256 of all bytes in order."""

    def __init__(self, objects: Objects, key: str, upload_id: str, buffers: Buffers) -> None:
        self.upload_id = upload_id
        self._objects = objects
        self._key = key
        self._buffers = buffers
        self._sha256 = hashlib.sha256()
        self._hasher = ThreadPoolExecutor(1, "sha256")
        self._uploaders = ThreadPoolExecutor(max(1, buffers.count - 1), "part")
        self._parts: list[Future[Part]] = []
        self._checked = 0

    def add(self, buffer: bytearray) -> None:
        """Store a buffer as the next part; it becomes free when S3 has it.

        Raises:
            StorageError: an earlier part failed.
        """
        self._raise_early()
        number = len(self._parts) + 1
        hashed = self._hasher.submit(self._sha256.update, buffer)
        self._parts.append(self._uploaders.submit(self._store, number, buffer, hashed))

    def finish(self, deadline: Deadline) -> tuple[list[Part], str]:
        """Wait for all parts; return them and the SHA-256 of all bytes in hex.

        Raises:
            TimedOutError: they took too long.
            StorageError: one failed.
        """
        if wait(self._parts, timeout=deadline.remaining()).not_done:
            raise TimedOutError("Storing the file took too long.")
        parts = [future.result() for future in self._parts]
        self._shut_down()
        return parts, self._sha256.hexdigest()

    def abandon(self, seconds: float = 10.0) -> None:
        """Start no further part, and wait a little for those that are being stored."""
        for future in self._parts:
            future.cancel()
        wait(self._parts, timeout=seconds)
        self._shut_down()

    def _store(self, number: int, buffer: bytearray, hashed: Future[None]) -> Part:
        try:
            crc32 = zlib.crc32(buffer)
            etag = self._objects.upload_part(self._key, self.upload_id, number=number, body=buffer, crc32=crc32)
            hashed.result()
            return Part(number, etag, len(buffer), crc32)
        finally:
            self._buffers.give_back(buffer)

    def _raise_early(self) -> None:
        while self._checked < len(self._parts) and self._parts[self._checked].done():
            self._parts[self._checked].result()
            self._checked += 1
        if len(self._parts) >= MAX_PARTS:
            raise StorageError("UploadPart", "TooManyParts")

    def _shut_down(self) -> None:
        self._uploaders.shutdown(wait=False, cancel_futures=True)
        self._hasher.shutdown(wait=False, cancel_futures=True)
