"""Downloading: to `<target>.part`, verified, made durable, and only then renamed to the target."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from async_download_client.errors import (
    FileError,
    LinkRefusedError,
    NetworkError,
    ObjectChangedError,
    RefusedError,
    SizeMismatchError,
    UnavailableError,
)
from async_download_client.events import Verified
from async_download_client.models import Ready
from async_download_client.sums import Sums
from async_download_client.timing import Timing
from async_download_client.transport import Transport, host_of

__all__ = ["Fetch", "check_target"]

_CHUNK = 1 << 20
_MOST_RENEWALS = 2


def check_target(target: Path) -> None:
    """Raise FileError when no file can be made there."""
    if target.is_dir():
        raise FileError(f"{target} is a directory; name a file.")
    if not target.parent.is_dir():
        raise FileError(f"There is no directory {target.parent}.")


class Fetch:
    """One download of one file."""

    def __init__(
        self,
        transport: Transport,
        timing: Timing,
        ready: Ready,
        renew: Callable[[], Ready],
        on_bytes: Callable[[int], None],
        sha256: str | None = None,
    ) -> None:
        self._transport, self._timing, self._ready = transport, timing, ready
        self._renew, self._on_bytes, self._sha256 = renew, on_bytes, sha256
        self._sums = Sums(ready, sha256)

    def __call__(self, target: Path) -> Verified:
        """Get it; whatever goes wrong, no part of the file stays.

        Raises:
            CorruptError, NetworkError, LinkRefusedError, FileError: there is no file.
        """
        check_target(target)
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as file:
                try:
                    self._fill(file)
                    self._sums.verify()
                    file.flush()
                    os.fsync(file.fileno())
                    part.replace(target)
                except BaseException:
                    part.unlink(missing_ok=True)
                    raise
            _sync_directory(target.parent)
        except OSError as error:
            raise FileError(f"{target} cannot be written: {error.strerror or error}.") from None
        return Verified(self._ready.size, self._sums.checks, self._sums.sha256)

    def _fill(self, file: BinaryIO) -> None:
        """All bytes; goes on where it broke off, and asks for a fresh URL when S3 refuses this one."""
        failures = renewals = 0
        while True:
            before = self._sums.count
            try:
                for data in self._pieces(file):
                    file.write(data)
                    self._on_bytes(self._sums.count)
                return
            except LinkRefusedError:
                renewals = 1 if self._sums.count > before else renewals + 1
                if renewals > _MOST_RENEWALS:
                    raise
                self._take_fresh_url()
            except NetworkError:
                failures = 1 if self._sums.count > before else failures + 1
                if failures >= self._timing.attempts:
                    raise
                time.sleep(self._timing.retry(failures))

    def _pieces(self, file: BinaryIO) -> Iterator[bytes]:
        """The bytes that are missing, counted."""
        headers = {"Accept-Encoding": "identity"}
        if self._sums.count and self._ready.etag:
            headers |= {"Range": f"bytes={self._sums.count}-", "If-Match": self._ready.etag}
        url = self._ready.url
        response = self._transport.open("GET", url, headers, redirects=3)
        try:
            self._check(response.status, response.headers.get("Content-Range", ""), file)
            length = response.headers.get("Content-Length")
            if length and length.isdigit() and self._sums.count + int(length) != self._ready.size:
                raise SizeMismatchError(self._ready.size, self._sums.count + int(length))
            while self._sums.count < self._ready.size or length is None:
                with self._transport.errors(url):
                    data = response.read(_CHUNK)
                if not data:
                    break
                self._sums.add(data)
                yield data
            if self._sums.count < self._ready.size:
                raise NetworkError(f"{host_of(url)} sent too little.")
        finally:
            response.close()

    def _check(self, status: int, content_range: str, file: BinaryIO) -> None:
        if status == 206 and content_range.startswith(f"bytes {self._sums.count}-"):
            return
        if status == 200:
            file.seek(0)
            file.truncate()
            self._sums = Sums(self._ready, self._sha256)
        elif status == 412:
            raise ObjectChangedError
        elif status in (400, 401, 403):  # S3 says 400 when the session behind the signature is over
            raise LinkRefusedError(status)
        elif status == 429 or status >= 500:
            raise UnavailableError(host_of(self._ready.url), status)
        else:
            raise RefusedError(f"S3 does not hand out the file (HTTP {status}).", f"HTTP_{status}", status)

    def _take_fresh_url(self) -> None:
        fresh = self._renew()
        if (fresh.size, fresh.etag, fresh.checksum) != (self._ready.size, self._ready.etag, self._ready.checksum):
            raise ObjectChangedError
        self._ready = fresh


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
