"""One part: a range of a known version of an origin's file, read into a buffer and stored."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from runtime.errors import OriginError, OriginTruncatedError, Retry, TransferError
from runtime.logic import answers
from runtime.logic.fetch import Fetch
from runtime.logic.plan import Range
from runtime.logic.retries import Deadline, Retries
from runtime.logic.source import CHUNK, IDENTITY, STALL_SECONDS
from runtime.models import Validator
from runtime.ports import Body, Clock, Objects

ATTEMPTS = 4


@dataclass(frozen=True)
class PartCopy:
    """Copies parts of one file to one upload; safe to be used by several threads."""

    fetch: Fetch
    objects: Objects
    clock: Clock
    deadline: Deadline
    key: str
    upload_id: str
    validator: Validator
    total: int

    def __call__(self, part: Range, buffer: bytearray, go_on: Callable[[], None]) -> None:
        """Copy a part through a buffer of its length, calling `go_on` all the time.

        Raises:
            TransferError: the origin failed, in spite of retries.
            StorageError: S3 failed.
        """
        with memoryview(buffer) as view:
            self._read(part, view, go_on)
        number, crc32 = part.number, zlib.crc32(buffer)
        self.objects.upload_part(self.key, self.upload_id, number=number, body=buffer, crc32=crc32)

    def _read(self, part: Range, view: memoryview, go_on: Callable[[], None]) -> None:
        """Fill the view, going on where the origin broke off."""
        retries = Retries(self.clock, self.deadline, attempts=ATTEMPTS)
        body: Body | None = None
        filled = 0
        try:
            while filled < part.length:
                go_on()
                try:
                    body = body or self._ask(part.first + filled, part.last)
                    chunk = self._chunk(body, min(CHUNK, part.length - filled))
                except TransferError as error:
                    if body is not None:
                        body.close()
                    body = None
                    if error.retry is not Retry.RESUME:
                        raise
                    retries.spend(error)
                    continue
                view[filled : filled + len(chunk)] = chunk
                filled += len(chunk)
            if body is not None and answers.content_length_of(body.headers) is None:
                self._expect_end(body)
        finally:
            if body is not None:
                body.close()

    def _ask(self, first: int, last: int) -> Body:
        wanted = {"Range": f"bytes={first}-{last}"} | self.validator.condition
        body = self.fetch.get(IDENTITY | wanted)
        try:
            answers.expect_range(body, self.validator, first, last, self.total, self.clock.now())
        except TransferError:
            body.close()
            raise
        return body

    def _chunk(self, body: Body, most: int) -> bytes:
        chunk = body.read(most, self._patience())
        if not chunk:
            raise OriginTruncatedError("The origin sent fewer bytes than it announced.")
        return chunk

    def _expect_end(self, body: Body) -> None:
        if body.read(1, self._patience()):
            raise OriginError("The origin sent more bytes than it was asked for.")

    def _patience(self) -> float:
        return min(STALL_SECONDS, self.deadline.remaining())
