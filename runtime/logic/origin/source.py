"""Reads an origin's file as one stream of bytes, in as many requests as that takes.

The first request is for the first part only. Its answer decides the rest:
200: the origin does not serve ranges; this answer is the file, and is read to its end.
206 with all of the file: done. 206 with a validator: request the rest of the same version, and resume after a cut.
A 206 may end before the requested range does: the rest is requested behind it.
Any other answer to a request for a range that a plain GET may overcome raises an error with `Retry.PLAIN`. Among them
are 416 (an empty file has no first byte) and a range that is compressed.

A plain source sends one GET without Range and without a condition. A file that is compressed, although identity was
requested, is decompressed.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.errors import (
    OriginError,
    OriginRangeError,
    OriginTruncatedError,
    Retry,
    SizeMismatchError,
    TransferError,
)
from runtime.logic.origin import answers, codings
from runtime.logic.origin.decompressed import DecompressedBody
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.pieces import Pieces
from runtime.logic.origin.retries import Deadline, Retries
from runtime.logic.origin.size_limit import SizeLimit
from runtime.models import Validator
from runtime.ports import Body, Clock

CHUNK = 256 * 1024
STALL_SECONDS = 60.0
IDENTITY = {"Accept-Encoding": "identity", "Accept": "*/*", "User-Agent": "async-download"}


class Source:
    """One attempt to read the file from its start, without ranges if `plain`.

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
        plain: bool = False,
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
        self._plain = plain
        self._pieces = Pieces()
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
        headers = {} if self._plain else {"Range": f"bytes=0-{self._part_size - 1}"}
        body = self._get(headers, while_waiting)
        self.first_byte_seconds = self._clock.monotonic() - requested_at
        if answers.is_whole(body):
            self._accept_whole(body)
        elif body.status == 206 and self._plain:
            self._accept_range_of_all(body)
        elif body.status == 206:
            self._accept_first_range(body)
        else:
            failure_of = answers.failure_of if self._plain else answers.range_failure_of
            raise self._drop(failure_of(body, self._clock.now()))

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

    def _accept_whole(self, body: Body) -> None:
        layers = self._layers_of(body)
        for coding in layers:
            self._body = body = DecompressedBody(body, coding, self._next_timeout)
        length = None if layers else answers.content_length_of(body.headers)
        self._accept(body, total=length, left=length)

    def _accept_range_of_all(self, body: Body) -> None:
        """Accept a 206 to a GET without Range, if its Content-Range covers the file."""
        span = answers.content_range_of(body.headers)
        if span.length != span.total:
            raise OriginError("The origin answered a request for the whole file with a part of it.")
        if self._layers_of(body):
            self._accept_whole(body)
        else:
            self._accept(body, total=span.total, left=span.length)

    def _accept_first_range(self, body: Body) -> None:
        """Accept a 206 from the first byte on, if the rest can be requested of the same version."""
        codings.expect_none(body.headers, self._fetch.path)
        span = answers.content_range_of(body.headers)
        if span.total is None:
            raise OriginRangeError("The origin answered 206 without the size of the file.")
        if span.length == span.total == self._part_size:  # or the origin names the range's length as the file's size
            raise OriginRangeError("The origin answered 206 with the length of the range as the size of the file.")
        if span.start != 0 or (span.length > self._part_size and span.length < span.total):
            raise OriginRangeError("The origin answered with another range than it was asked for.")
        self._validator = answers.validator_of(body.headers)
        if span.length < span.total and self._validator is None:
            raise OriginRangeError("The origin answered 206 without a strong ETag or a Last-Modified in the past.")
        self._ranges = True
        if span.length < min(self._part_size, span.total):
            self._pieces.add(span.length)
        self._accept(body, total=span.total, left=span.length)

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
        return codings.layers_of(body.headers, self._fetch.path)

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
        if self.position >= self._safe_at + self._part_size:
            self._record_progress()
        if self._left is not None:
            self._left -= size
            self._end_if_complete()

    def _end_if_complete(self) -> None:
        if self._left == 0:
            self.close()
            self._ended = self.position == self.total
            self._record_progress()

    def _record_progress(self) -> None:
        """Count failures from 0 again, as an answer or a part has come in full."""
        if self._ranges:
            self._safe_at = self.position
            self._retries.renew()

    def _request_rest(self) -> None:
        """Request everything behind the position, of the same version. The answer may have less."""
        assert self._validator is not None
        assert self.total is not None
        first, last = self.position, self.total - 1
        body = self._get({"Range": f"bytes={first}-"} | self._validator.condition, self._report)
        span = answers.expect_range(body, self._validator, first, last, self.total, self._clock.now())
        codings.expect_none(body.headers, self._fetch.path)
        if span.end < last:
            self._pieces.add(span.length)
        self._left = span.length

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
