"""Sends one GET for one range of a file, and checks that the response holds that range."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass

from urllib3 import BaseHTTPResponse

from async_download_client.errors import (
    AsyncDownloadError,
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
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport, host_of

_NUMBER = re.compile("[0-9]{1,19}")  # int() refuses thousands of digits, and takes others than these
_CONTENT_RANGE = re.compile(rf"bytes ({_NUMBER.pattern})-({_NUMBER.pattern})/({_NUMBER.pattern}|\*)")


class RangesIgnoredError(Exception):
    """The server sent the whole file instead of the requested range."""


@dataclass
class RangeReader:
    """Reads ranges of a file, each with a GET, into one buffer; without `ranged`, the whole file."""

    transport: Transport
    throttle: Throttle
    stop: StopSignal
    ranged: bool

    def __post_init__(self) -> None:
        self._buffer = memoryview(bytearray(self.throttle.chunk_bytes))

    def read(self, file: ReadyFile, position: int, end: int) -> Generator[memoryview, None, None]:
        """Yield the bytes from `position` to `end` (exclusive) as they arrive, each time in the same buffer."""
        headers = {"Accept-Encoding": "identity"}
        if self.ranged and file.etag:
            headers |= {"Range": f"bytes={position}-{end - 1}", "If-Match": file.etag}
        with self.transport.send("GET", file.url, headers, stop=self.stop, redirects=3) as response:
            self._check_response(response, file, position, end)
            while position < end:
                with self.transport.errors(file.url):
                    count = receive_into(response, self._buffer[: end - position])
                self.stop.raise_if_set()  # a TLS connection that `stop` has shut down yields what is encrypted
                if not count:
                    raise NetworkError(f"{host_of(file.url)} sent too few bytes.")
                position += count
                yield self._buffer[:count]
                self.throttle.consume(count, self.stop)
            with self.transport.errors(file.url):
                if receive_into(response, self._buffer[:1]):
                    raise SizeMismatchError(file.size, file.size + 1)

    def _check_response(self, response: BaseHTTPResponse, file: ReadyFile, position: int, end: int) -> None:
        """Raise an error unless the body of the response is the requested range."""
        status = response.status
        if status == 200:
            if self.ranged:
                raise RangesIgnoredError
        elif status == 206:
            match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if match and match[3] not in ("*", str(file.size)):
                raise SizeMismatchError(file.size, int(match[3]))
            if not self.ranged or not match or (int(match[1]), int(match[2])) != (position, end - 1):
                raise NetworkError(f"{host_of(file.url)} sent another range than the requested one.")
        else:
            raise _error_of_status(status, file.url)
        content_length = response.headers.get("Content-Length", "")
        if _NUMBER.fullmatch(content_length) and int(content_length) != end - position:
            raise SizeMismatchError(file.size, position + int(content_length) + file.size - end)


def _error_of_status(status: int, url: str) -> AsyncDownloadError:
    if status in (412, 416):
        return ObjectChangedError()
    if status in (400, 401, 403):  # S3 answers 400 when the session that signed the URL has expired
        return LinkRefusedError(status)
    if status == 429 or status >= 500:
        return UnavailableError(host_of(url), status)
    return RefusedError(f"S3 refused to send the file (HTTP {status}).", f"HTTP_{status}", status)
