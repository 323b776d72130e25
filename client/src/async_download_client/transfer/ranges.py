"""Sends one GET for one range of a file, and checks that the response holds that range."""

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
from async_download_client.models import ReadyFile
from async_download_client.receiving import receive_into
from async_download_client.stop import StopSignal
from async_download_client.transfer.segments import Segment
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport, host_of

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class RangesIgnoredError(Exception):
    """The server sent the whole file instead of the requested range."""


def read_segment(
    transport: Transport,
    throttle: Throttle,
    stop: StopSignal,
    file: ReadyFile,
    segment: Segment,
    ranged: bool,
    buffer: memoryview,
) -> Iterator[memoryview]:
    """Yield the missing bytes of a segment as they arrive, each time in `buffer`.

    `ranged` says whether to send a Range header.
    """
    headers = {"Accept-Encoding": "identity"}
    if ranged and file.etag:
        headers |= {"Range": f"bytes={segment.position}-{segment.end - 1}", "If-Match": file.etag}
    with transport.send("GET", file.url, headers, stop=stop, redirects=3) as response:
        _check_response(response.status, response.headers.get("Content-Range", ""), file, segment, ranged)
        content_length = response.headers.get("Content-Length", "")
        if content_length.isdigit() and int(content_length) != segment.missing:
            raise SizeMismatchError(file.size, segment.position + int(content_length) + file.size - segment.end)
        while segment.missing:
            with transport.errors(file.url):
                count = receive_into(response, buffer[: segment.missing])
            stop.raise_if_set()  # a TLS connection that `stop` has shut down yields what is encrypted
            if not count:
                raise NetworkError(f"{host_of(file.url)} sent too few bytes.")
            yield buffer[:count]
            throttle.consume(count, stop)
        with transport.errors(file.url):
            if receive_into(response, buffer[:1]):
                raise SizeMismatchError(file.size, file.size + 1)


def _check_response(status: int, content_range: str, file: ReadyFile, segment: Segment, ranged: bool) -> None:
    """Raise an error unless the body of the response is the requested range."""
    if status == 200:
        if ranged:
            raise RangesIgnoredError
    elif status == 206:
        match = _CONTENT_RANGE.fullmatch(content_range)
        if match and match[3] not in ("*", str(file.size)):
            raise SizeMismatchError(file.size, int(match[3]))
        if not ranged or not match or (int(match[1]), int(match[2])) != (segment.position, segment.end - 1):
            raise NetworkError(f"{host_of(file.url)} sent another range than the requested one.")
    elif status in (412, 416):
        raise ObjectChangedError
    elif status in (400, 401, 403):  # S3 answers 400 when the session that signed the URL has expired
        raise LinkRefusedError(status)
    elif status == 429 or status >= 500:
        raise UnavailableError(host_of(file.url), status)
    else:
        raise RefusedError(f"S3 refused to send the file (HTTP {status}).", f"HTTP_{status}", status)
