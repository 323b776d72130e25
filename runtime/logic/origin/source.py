"""Reads an origin's file as one stream of bytes, in as many requests as that takes.

The first request is for the first part only. Its answer decides the rest:
200: the origin does not serve ranges; this answer is the file, and is read to its end.
206 with all of the file: done. 206 with a validator: request the rest of the same version, and resume after a cut.
Any other 206, and 416 (an empty file has no first byte): request the whole file.
Compressed, although identity was requested: request the whole file unless the answer is it, and decompress it.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.errors import OriginError, OriginTruncatedError, Retry, SizeMismatchError, TransferError
from runtime.logic.origin import answers, codings
from runtime.logic.origin.decompressed import DecompressedBody
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.retries import Deadline, Retries
from runtime.logic.origin.size_limit import SizeLimit
from runtime.models import Validator
from runtime.ports import Body, Clock

CHUNK = 256 * 1024
STALL_SECONDS = 60.0
IDENTITY = {"Accept-Encoding": "identity", "Accept": "*/*", "User-Agent": "async-download"}


class Source:
    """One attempt to read the file from its start.

    `position` is the number of bytes that were read, `total` the file's size if it is known, and `version` what
    identifies the file's version.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        clock: Clock,
        deadline: Deadline,
        retries: Retries,
        part_size: int,
        limit: SizeLimit,
        expected_size: int | None,
        on_progress: Callable[[int, int | None], None],
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
        self._expected_size = expected_size
        self._on_progress = on_progress
        self._body: Body | None = None
        self._left: int | None = None  # bytes of the current answer that were not read yet, if it announced its length
        self._ended = False
        self._validator: Validator | None = None
        self._ranges = False
        self._safe_at = 0  # the position from which failures are counted from 0

    def open(self, while_waiting: Callable[[], None]) -> None:
        """Send the first request and decide how to read the file; call `while_waiting` every few seconds.

        Raises:
            TransferError: the origin failed; its class says how.
        """
        requested_at = self._clock.monotonic()
        body = self._get({"Range": f"bytes=0-{self._part_size - 1}"}, while_waiting)
        self.first_byte_seconds = self._clock.monotonic() - requested_at
        if body.status == 206 and not self._layers_of(body):
            span = answers.content_range_of(body.headers)
            self._validator = answers.validator_of(body.headers)
            if self._can_continue_after(span):
                self._ranges = True
                self._accept(body, total=span.total, left=span.length)
                return
        if body.status in (206, 416):
            body.close()
            body = self._get({}, while_waiting)
        if body.status != 200:
            raise self._drop(answers.failure_of(body, self._clock.now()))
        layers = self._layers_of(body)
        for coding in layers:
            self._body = body = DecompressedBody(body, coding, self._next_timeout)
        length = None if layers else answers.content_length_of(body.headers)
        self._accept(body, total=length, left=length)

    @property
    def validator(self) -> Validator | None:
        """Return what identifies this version in requests for ranges, or None if the origin has not served a range."""
        return self._validator if self._ranges else None

    def fill(self, view: memoryview) -> int:
        """Read until the view is full or the file ends, and return the number of bytes.

        Raises:
            TransferError: reading could not be resumed. Its `retry` says whether a restart may succeed.
        """
        self._refuse_beyond_limit(self.total or 0)
        filled = 0
        while filled < len(view) and not self._ended:
            try:
                chunk = self._read(min(CHUNK, len(view) - filled))
            except TransferError as error:
                self._resume_after(error)
                self._report()  # a cancel ends the copy before the origin is silent for another minute
                continue
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
            self._report()
        return filled

    def close(self) -> None:
        """Drop the connection."""
        if self._body is not None:
            self._body.close()
            self._body = None

    def _report(self) -> None:
        self._on_progress(self.position, self.total)

    def _can_continue_after(self, span: answers.ContentRange) -> bool:
        """Return whether the answer has the requested range, and the rest can be requested of the same version."""
        if span.total is None or (span.start, span.length) != (0, min(self._part_size, span.total)):
            return False
        return span.length == span.total or self._validator is not None

    def _get(self, headers: dict[str, str], while_waiting: Callable[[], None]) -> Body:
        self._body = self._fetch.get(IDENTITY | headers, while_waiting)
        return self._body

    def _accept(self, body: Body, *, total: int | None, left: int | None) -> None:
        announced = answers.content_length_of(body.headers)
        if left is not None and announced is not None and announced != left:
            raise self._drop(OriginError("The origin's Content-Length and Content-Range contradict each other."))
        self.total, self._left = total, left
        self.version = answers.validator_of(body.headers)
        self.content_type = body.headers.get("content-type")
        self._end_if_complete()

    def _layers_of(self, body: Body) -> list[str]:
        try:
            return codings.layers_of(body.headers, self._fetch.path)
        except TransferError as error:
            raise self._drop(error) from None

    def _read(self, size: int) -> bytes:
        timeout = self._timeout()
        if self._body is None:
            self._request_rest()
        assert self._body is not None
        chunk = self._body.read(size if self._left is None else min(size, self._left), timeout)
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
        """Read to the end of an answer without Content-Length: only its end proves that it is complete."""
        if answers.content_length_of(body.headers) is None and body.read(1, self._timeout()):
            raise OriginError("The origin sent more bytes than it was asked for.")

    def _timeout(self) -> float:
        return min(STALL_SECONDS, self._deadline.remaining())

    def _next_timeout(self) -> float:
        self._report()
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

    def _request_rest(self) -> None:
        """Request everything behind the position, of the same version."""
        assert self._validator is not None
        assert self.total is not None
        first, last = self.position, self.total - 1
        body = self._get({"Range": f"bytes={first}-"} | self._validator.condition, self._report)
        answers.expect_range(body, self._validator, first, last, self.total, self._clock.now())
        codings.expect_none(body.headers, self._fetch.path)
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
        if self._expected_size is not None and size > self._expected_size:
            message = f"The origin's file has more than the expected {self._expected_size} bytes."
            raise self._drop(SizeMismatchError(message))

    def _drop(self, error: TransferError) -> TransferError:
        self.close()
        return error
