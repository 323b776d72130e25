"""Reads an origin's answer: status, Content-Range, validator, Retry-After."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from runtime.errors import (
    OriginBusyError,
    OriginChangedError,
    OriginError,
    OriginNotFoundError,
    OriginRangeError,
    OriginRangeFailedError,
    OriginRefusedError,
    Retry,
    TransferError,
)
from runtime.models import Validator
from runtime.ports import Body

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,16})-([0-9]{1,16})/([0-9]{1,16}|\*)")
_COUNT = re.compile(r"[0-9]{1,16}")
_SECONDS = re.compile(r"[0-9]+")
MAX_RETRY_AFTER = 1e9  # seconds, far beyond the end of every download
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{0,510}"')  # at most 512 characters, since it is stored and sent back
_DAY, _MONTH, _TIME = "[A-Z][a-z]{2}", "[A-Z][a-z]{2}", "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_HTTP_DATE = re.compile(  # the three forms of RFC 9110, 5.6.7
    rf"{_DAY}, [0-9]{{2}} {_MONTH} [0-9]{{4}} {_TIME} GMT"
    rf"|[A-Z][a-z]{{5,8}}, [0-9]{{2}}-{_MONTH}-[0-9]{{2}} {_TIME} GMT"
    rf"|{_DAY} {_MONTH} [0-9 ][0-9] {_TIME} [0-9]{{4}}"
)
ACCEPTED = 202
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_DEFINITIVE = frozenset({401, 404, 410})  # of the file, whether a range of it is requested or all of it
_WHOLE = frozenset({200, 201, 203})  # curl and wget save these bodies, too; 203 is a proxy's copy (RFC 9110, 15.3.4)


@dataclass(frozen=True)
class ContentRange:
    """`bytes start-end/total`, both ends included; `total` is None for `*`."""

    start: int
    end: int
    total: int | None

    @property
    def length(self) -> int:
        """Return the number of bytes in it."""
        return self.end - self.start + 1


def is_whole(body: Body) -> bool:
    """Return whether the answer is the whole file by its status. 204, 205, 207, 208 and 226 have something else."""
    return body.status in _WHOLE


def validator_of(headers: Mapping[str, str]) -> Validator | None:
    """Return a strong ETag, or else a Last-Modified that is strong by RFC 9110, 8.8.2.2 (older than the answer)."""
    etag = headers.get("etag", "").strip()
    if _STRONG_ETAG.fullmatch(etag):
        return Validator("etag", etag)
    modified, answered = _moment(headers.get("last-modified")), _moment(headers.get("date"))
    if modified is not None and answered is not None and (answered - modified).total_seconds() >= 1:
        return Validator("last-modified", headers["last-modified"].strip())
    return None


def content_range_of(headers: Mapping[str, str]) -> ContentRange:
    """Return the Content-Range of a 206. An answer with several ranges (multipart/byteranges) has none.

    Raises:
        OriginRangeError: it is missing or malformed.
    """
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        raise OriginRangeError("The origin answered 206 without a usable Content-Range.")
    content_range = ContentRange(int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3]))
    if content_range.length < 1 or (content_range.total is not None and content_range.end >= content_range.total):
        raise OriginRangeError("The origin answered 206 with a Content-Range that makes no sense.")
    return content_range


def content_length_of(headers: Mapping[str, str]) -> int | None:
    """Return the announced length, or None.

    Raises:
        OriginError: the number is malformed.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return None
    text = headers.get("content-length")
    if text is None:
        return None
    if not (count := _COUNT.fullmatch(text.strip())):
        raise OriginError("The origin sent a malformed Content-Length.")
    return int(count[0])


def expect_range(body: Body, validator: Validator, first: int, last: int, total: int, now: float) -> ContentRange:
    """Check that an answer has bytes of this version of the file, from `first` up to `last` or an earlier one.

    A server may send a part of a requested range (RFC 9110, 15.3.7). Return the range that it sent.

    Raises:
        TransferError: it has not; the class says why.
    """
    if is_whole(body) and validator.matches(body.headers):
        raise OriginRangeError("The origin answered a later range with the whole file.")
    if is_whole(body):
        raise OriginChangedError(f"The origin answered a range with a whole file of {_another(validator)}.")
    if body.status == 412:
        header = next(iter(validator.condition))
        raise OriginChangedError(f"The origin answered 412 to {header} with the {_name(validator)} that it had sent.")
    if body.status == 416:
        raise OriginChangedError("The origin answered 416 to a range of the size that it had announced.")
    if body.status != 206:
        raise range_failure_of(body, now)
    span = content_range_of(body.headers)
    if not validator.matches(body.headers):
        raise OriginChangedError(f"The origin answered a range with {_another(validator)}.")
    if span.total not in (None, total):
        raise OriginChangedError("The origin answered a range of a file with another size than before.")
    if span.start != first or span.end > last:
        raise OriginRangeError("The origin answered with another range than it was asked for.")
    if content_length_of(body.headers) not in (None, span.length):
        raise OriginError("The origin's Content-Length and Content-Range contradict each other.")
    return span


def range_failure_of(body: Body, now: float) -> TransferError:
    """Return the error for a status other than the expected one to a request with Range.

    Servers and firewalls refuse Range, or a condition, with any 4xx, 500, 501 or 304. A GET without them may succeed.
    """
    failure = failure_of(body, now)
    if body.status == 500:
        return OriginRangeFailedError(str(failure), retry_after=failure.retry_after)
    if failure.retry is not Retry.NEVER or body.status < 300 or body.status in _DEFINITIVE:
        return failure
    return type(failure)(f"{str(failure)[:-1]} when a range was requested.", retry=Retry.PLAIN)


def failure_of(body: Body, now: float) -> TransferError:
    """Return the error for a status other than the expected one."""
    status = body.status
    if status in (404, 410):
        return OriginNotFoundError(f"The origin has no such file (HTTP {status}).")
    if status in (401, 403):
        return OriginRefusedError(f"The origin refused the request (HTTP {status}).")
    if status in BUSY:
        wait = retry_after_of(body.headers, now)
        return OriginBusyError(f"The origin answered HTTP {status}{request_for_wait(wait)}.", retry_after=wait)
    if 200 <= status < 300:
        return OriginError(f"The origin answered HTTP {status}, which has no file.")
    return OriginError(f"The origin answered HTTP {status}.")


def request_for_wait(seconds: float | None) -> str:
    """Return the end of a sentence that says what a Retry-After of so many seconds asks for."""
    return f" and asks to be tried again after {seconds:.0f} s" if seconds else ""


def _name(validator: Validator) -> str:
    return "ETag" if validator.header == "etag" else "Last-Modified"


def _another(validator: Validator) -> str:
    return f"another {_name(validator)} than before, or none"


def retry_after_of(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds in Retry-After, 0 for a past date, or None if there are none or they are malformed."""
    text = headers.get("retry-after")
    if text is None:
        return None
    if _SECONDS.fullmatch(text.strip()):
        return min(float(text), MAX_RETRY_AFTER)
    moment = _moment(text)
    return None if moment is None else max(0.0, moment.timestamp() - now)


def _moment(text: str | None) -> datetime | None:
    """Return the time in an HTTP date, or None where a header has none."""
    if text is None or not _HTTP_DATE.fullmatch(text.strip()):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
