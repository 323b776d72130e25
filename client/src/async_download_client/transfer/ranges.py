"""One GET of one stretch of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from async_download_client.errors import (
    LinkRefusedError,
    NetworkError,
    ObjectChangedError,
    RefusedError,
    SizeMismatchError,
    UnavailableError,
)
from async_download_client.models import Ready
from async_download_client.stop import Stop
from async_download_client.transfer.segments import Segment
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport, host_of

__all__ = ["RangesIgnoredError", "pieces"]

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class RangesIgnoredError(Exception):
    """The whole file came where a stretch of it was asked for."""


def pieces(
    transport: Transport, throttle: Throttle, stop: Stop, ready: Ready, segment: Segment, ranged: bool
) -> Iterator[bytes]:
    """The bytes that the segment lacks, as they come; `ranged` is whether to ask for no more than these."""
    headers = {"Accept-Encoding": "identity"}
    if ranged and ready.etag:
        headers |= {"Range": f"bytes={segment.position}-{segment.end - 1}", "If-Match": ready.etag}
    with transport.answer("GET", ready.url, headers, stop=stop, redirects=3) as response:
        _check(response.status, response.headers.get("Content-Range", ""), ready, segment, ranged)
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) != segment.missing:
            raise SizeMismatchError(ready.size, segment.position + int(announced) + ready.size - segment.end)
        while segment.missing:
            with transport.errors(ready.url):
                data = response.read1(min(throttle.chunk, segment.missing))
            if not data:
                stop.check()
                raise NetworkError(f"{host_of(ready.url)} sent too little.")
            yield data
            throttle.took(len(data), stop)
        with transport.errors(ready.url):
            if response.read1(1):
                raise SizeMismatchError(ready.size, ready.size + 1)


def _check(status: int, content_range: str, ready: Ready, segment: Segment, ranged: bool) -> None:
    """Whether the bytes that follow are those that were asked for."""
    if status == 200:
        if ranged:
            raise RangesIgnoredError
    elif status == 206:
        found = _CONTENT_RANGE.fullmatch(content_range)
        if found and found[3] not in ("*", str(ready.size)):
            raise SizeMismatchError(ready.size, int(found[3]))
        if not ranged or not found or (int(found[1]), int(found[2])) != (segment.position, segment.end - 1):
            raise NetworkError(f"{host_of(ready.url)} sent another range than asked for.")
    elif status in (412, 416):
        raise ObjectChangedError
    elif status in (400, 401, 403):  # S3 says 400 when the session behind the signature is over
        raise LinkRefusedError(status)
    elif status == 429 or status >= 500:
        raise UnavailableError(host_of(ready.url), status)
    else:
        raise RefusedError(f"S3 does not hand out the file (HTTP {status}).", f"HTTP_{status}", status)
