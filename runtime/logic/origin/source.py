"""An origin's file as one stream of bytes, whatever number of requests that takes.

The probe asks for the first part only. What comes back decides the rest:
200 -> the origin does not do ranges (or the file is what it sent): stream on from this very answer;
206, and that is all -> done; 206 with a validator -> go on behind it, same version only, and resume after a cut;
206 otherwise -> ask again for the whole; 416 -> likewise (an empty file has no first byte);
gzip, though it was asked not to -> ask again for the whole if need be, and unfold it on the way.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.errors import (
    OriginError,
    OriginTruncatedError,
    Retry,
    SizeMismatchError,
    TransferError,
)
from runtime.logic.origin import answers
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.gunzip import Gunzip
from runtime.logic.origin.retries import Deadline, Retries
from runtime.logic.origin.size_limit import SizeLimit
from runtime.models import Validator
from runtime.ports import Body, Clock

CHUNK = 256 * 1024
STALL_SECONDS = 60.0
IDENTITY = {"Accept-Encoding": "identity", "Accept": "*/*", "User-Agent": "async-download"}
_GZIP = ("gzip", "x-gzip")


class Source:
    """One try at reading the file from its start. `position` is how many bytes were given out, `version` of what."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        clock: Clock,
        deadline: Deadline,
        retries: Retries,
        part_size: int,
        limit: SizeLimit,
        expected: int | None,
        on_progress: Callable[[], None],
    ) -> None:
        self.total: int | None = None
        self.content_type: str | None = None
        self.first_byte_seconds = 0.0
        self.version: Validator | None = None
        self.position = 0
        self._fetch = fetch
        self._clock = clock
        self._deadline = deadline
        self._retries = retries
        self._part_size = part_size
        self._limit = limit
        self._expected = expected
        self._on_progress = on_progress
        self._body: Body | None = None
        self._left: int | None = None  # bytes that the current answer still owes, if it said
        self._ended = False
        self._validator: Validator | None = None
        self._ranges = False
        self._safe_at = 0  # the position from which the retries count afresh

    def open(self, while_waiting: Callable[[], None]) -> None:
        """Ask, and understand the answer; `while_waiting` is called while it is waited for.

        Raises:
            TransferError: typed by what is wrong.
        """
        asked_at = self._clock.monotonic()
        body = self._get({"Range": f"bytes=0-{self._part_size - 1}"}, while_waiting)
        self.first_byte_seconds = self._clock.monotonic() - asked_at
        if body.status == 206 and not self._is_gzip(body):
            span = answers.content_range_of(body.headers)
            self._validator = answers.validator_of(body.headers)
            if self._goes_on_from(span):
                self._ranges = True
                self._accept(body, total=span.total, left=span.length)
                return
        if body.status in (206, 416):
            body.close()
            body = self._get({}, while_waiting)
        if body.status != 200:
            raise self._drop(answers.failure_of(body, self._clock.now()))
        if self._is_gzip(body):
            self._body = Gunzip(body, self._next_timeout)
            self._accept(self._body, total=None, left=None)
            return
        length = answers.content_length_of(body.headers)
        self._accept(body, total=length, left=length)

    @property
    def validator(self) -> Validator | None:
        """What any range of this version of the file can be asked for with, where the origin has proved that it can."""
        return self._validator if self._ranges else None

    def fill(self, view: memoryview) -> int:
        """Read until the view is full or the file ends; says how many bytes were read.

        Raises:
            TransferError: what could not be mended here. Its `retry` says whether a fresh start may.
        """
        self._refuse_beyond_limit(self.total or 0)
        filled = 0
        while filled < len(view) and not self._ended:
            try:
                chunk = self._read(min(CHUNK, len(view) - filled))
            except TransferError as error:
                self._resume_after(error)
                self._on_progress()  # a cancel ends the copy before the origin is silent for another minute
                continue
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
            self._on_progress()
        return filled

    def close(self) -> None:
        """Drop the connection."""
        if self._body is not None:
            self._body.close()
            self._body = None

    def _goes_on_from(self, span: answers.ContentRange) -> bool:
        """Whether the probe's range is the one asked for, and the rest, if any, can be had of the same version."""
        if span.total is None or (span.start, span.length) != (0, min(self._part_size, span.total)):
            return False
        return span.length == span.total or self._validator is not None

    def _get(self, headers: dict[str, str], while_waiting: Callable[[], None]) -> Body:
        self._body = self._fetch.get(IDENTITY | headers, while_waiting)
        return self._body

    def _accept(self, body: Body, *, total: int | None, left: int | None) -> None:
        if answers.encoding_of(body.headers, self._fetch.path) not in ("", *_GZIP):
            raise self._drop(OriginError("The origin compressed the file although it was asked not to."))
        announced = answers.content_length_of(body.headers)
        if left is not None and announced is not None and announced != left:
            raise self._drop(OriginError("The origin's Content-Length and Content-Range contradict each other."))
        self.total, self._left = total, left
        self.version = answers.validator_of(body.headers)
        self.content_type = body.headers.get("content-type")
        self._end_if_complete()

    def _is_gzip(self, body: Body) -> bool:
        return answers.encoding_of(body.headers, self._fetch.path) in _GZIP

    def _read(self, most: int) -> bytes:
        timeout = self._timeout()
        if self._body is None:
            self._check_cancelled()
        assert self._body is not None
        chunk = self._body.read(most if self._left is None else min(most, self._left), timeout)
        if not chunk and self._left is None:
            self._ended = True
            self.total = self.position
            self.close()
        elif not chunk:
            raise OriginTruncatedError("The origin sent fewer bytes than it announced.")
        elif len(chunk) == self._left:
            self._expect_end(self._body)
        self._count(len(chunk))
        return chunk

    def _expect_end(self, body: Body) -> None:
        """Read to the end of an answer whose own end, not a Content-Length, proves that it is complete."""
        if answers.content_length_of(body.headers) is None and body.read(1, self._timeout()):
            raise OriginError("The origin sent more bytes than it was asked for.")

    def _timeout(self) -> float:
        return min(STALL_SECONDS, self._deadline.remaining())

    def _next_timeout(self) -> float:
        self._on_progress()
        return self._timeout()

    def _count(self, size: int) -> None:
        self.position += size
        self._refuse_beyond_limit(self.position)
        if self.position >= self._safe_at + self._part_size and self._ranges:
            self._safe_at = self.position
            self._retries.renew()
        if self._left is not None:
            self._left -= size
            self._end_if_complete()

    def _end_if_complete(self) -> None:
        if self._left == 0:
            self.close()
            self._ended = self.position == self.total

    def _check_cancelled(self) -> None:
        """Ask for everything behind the position, of the same version."""
        assert self._validator is not None
        assert self.total is not None
        first, last = self.position, self.total - 1
        body = self._get({"Range": f"bytes={first}-"} | self._validator.condition, self._on_progress)
        answers.expect_range(body, self._validator, first, last, self.total, self._clock.now())
        self._left = last - first + 1

    def _resume_after(self, error: TransferError) -> None:
        self.close()
        if error.retry is not Retry.RESUME or not (self._ranges and self._validator):
            raise error
        self._safe_at = self.position
        self._retries.spend(error)

    def _refuse_beyond_limit(self, size: int) -> None:
        try:
            self._limit.check(size)
        except TransferError as error:
            raise self._drop(error) from None
        if self._expected is not None and size > self._expected:
            raise self._drop(SizeMismatchError(f"The origin's file has more than the expected {self._expected} bytes."))

    def _drop(self, error: TransferError) -> TransferError:
        self.close()
        return error
