"""Copies one part, a range of an origin's file: a small part through memory, a larger one as a stream to S3."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from runtime.errors import StorageError
from runtime.logic.copying.plan import Range
from runtime.logic.origin.range_reader import ATTEMPTS, RangeReader
from runtime.logic.origin.retries import Retries
from runtime.logic.slices.part_stream import PartStream
from runtime.ports import Objects


@dataclass(frozen=True)
class PartCopy:
    """Copies parts of one file to one upload; several threads may call it."""

    reader: RangeReader
    objects: Objects
    key: str
    upload_id: str

    def held(self, part: Range, buffer: bytearray, check_cancelled: Callable[[], None]) -> None:
        """Copy a part through a buffer of its length; call `check_cancelled` before each read.

        Raises:
            TransferError: the origin failed in spite of retries.
            StorageError: S3 failed.
        """
        with memoryview(buffer) as view:
            self.reader.read(part.first, view, check_cancelled)
        number, crc32 = part.number, zlib.crc32(buffer)
        self.objects.upload_part(self.key, self.upload_id, number=number, body=buffer, crc32=crc32)

    def streamed(self, part: Range, check_cancelled: Callable[[], None], *, piece: int) -> None:
        """Copy a part of any length in pieces of `piece` bytes; if S3 did not take it, read it again.

        Raises:
            TransferError: the origin failed in spite of retries, or the part is not needed any more.
            StorageError: S3 failed in spite of retries.
        """
        retries = Retries(self.reader.clock, self.reader.deadline, attempts=ATTEMPTS)
        while True:
            body = PartStream(part, self.reader, check_cancelled, piece=piece)
            try:
                body.begin()
                self.objects.stream_part(self.key, self.upload_id, number=part.number, body=body)
                return
            except StorageError as error:
                if body.failure is not None:  # S3 saw the body end early, because reading it failed
                    raise body.failure from None
                retries.spend(error)
            finally:
                body.close()
