"""Reads ranges of a known version of an origin's file, and resumes where the origin breaks off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.errors import OriginError, OriginTruncatedError, Retry, TransferError
from runtime.logic.origin import answers, codings
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.pieces import Pieces
from runtime.logic.origin.retries import Deadline, Retries
from runtime.logic.origin.source import CHUNK, IDENTITY, STALL_SECONDS
from runtime.models import Validator
from runtime.ports import Body, Clock

ATTEMPTS = 4


@dataclass(frozen=True)
class RangeReader:
    """Reads ranges of one version of one file of `total` bytes; several threads may call it."""

    fetch: Fetch
    clock: Clock
    deadline: Deadline
    validator: Validator
    total: int

    def read(self, first: int, view: memoryview, check_cancelled: Callable[[], None]) -> None:
        """Fill the view with the bytes from `first`; call `check_cancelled` before each read.

        An answer may end before the range does: the rest is requested behind it.

        Raises:
            TransferError: the origin failed in spite of retries.
        """
        retries, pieces = Retries(self.clock, self.deadline, attempts=ATTEMPTS), Pieces()
        last = first + len(view) - 1
        body: Body | None = None
        filled = left = 0  # `left` are the bytes of the answer that were not read yet
        try:
            while filled < len(view):
                check_cancelled()
                try:
                    if body is None:
                        body, left = self._request(first + filled, last, check_cancelled, pieces)
                    chunk = self._read_chunk(body, min(CHUNK, left))
                    if len(chunk) == left:
                        self._expect_end(body)
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
                left -= len(chunk)
                if left == 0:
                    body.close()
                    body = None
                    retries.renew()
        finally:
            if body is not None:
                body.close()

    def _request(self, first: int, last: int, check_cancelled: Callable[[], None], pieces: Pieces) -> tuple[Body, int]:
        """Return the answer, and how many bytes of the range it has."""
        headers = {"Range": f"bytes={first}-{last}"} | self.validator.condition
        body = self.fetch.get(IDENTITY | headers, check_cancelled)
        try:
            span = answers.expect_range(body, self.validator, first, last, self.total, self.clock.now())
            codings.expect_none(body.headers, self.fetch.path)
            if span.end < last:
                pieces.add(span.length)
        except TransferError:
            body.close()
            raise
        return body, span.length

    def _read_chunk(self, body: Body, size: int) -> bytes:
        chunk = body.read(size, self._timeout())
        if not chunk:
            raise OriginTruncatedError("The origin sent fewer bytes than it announced.")
        return chunk

    def _expect_end(self, body: Body) -> None:
        """Read to the end of an answer without Content-Length: only its end proves that it is complete."""
        if answers.content_length_of(body.headers) is None and body.read(1, self._timeout()):
            raise OriginError("The origin sent more bytes than it was asked for.")

    def _timeout(self) -> float:
        return min(STALL_SECONDS, self.deadline.remaining())
