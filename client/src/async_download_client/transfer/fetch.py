"""Downloads a file that is ready: resumed, in several ranges at once, verified, and only then given its name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from async_download_client.errors import ChecksumMismatchError, NetworkError, SizeMismatchError
from async_download_client.events import Checking, Event, Resumed, Verified
from async_download_client.models import ReadyFile
from async_download_client.stop import StopSignal
from async_download_client.timing import Timing
from async_download_client.transfer import crc32
from async_download_client.transfer.ranges import RangesIgnoredError
from async_download_client.transfer.renewable_url import RenewableUrl
from async_download_client.transfer.segments import Segments
from async_download_client.transfer.throttle import Throttle
from async_download_client.transfer.workers import RangeWorkers, Sink
from async_download_client.transport import Transport

_EVENT_INTERVAL_SECONDS = 0.1


class Target(Sink, Protocol):
    """The destination of a file: a `PartFile` or an `OutputStream`. `on_checked` is called with the bytes read."""

    def start(self, file: ReadyFile, workers: int, with_sha256: bool, on_checked: Callable[[int], None], /) -> Segments:
        """Prepare for the file; returns its segments, for so many workers, with the bytes that an earlier call left.

        `with_sha256` says whether `sha256` will be called.
        """

    def restart(self, file: ReadyFile) -> Segments:
        """Drop all bytes; returns one segment for the whole file."""

    def sha256(self, on_checked: Callable[[int], None], /) -> str:
        """Return the SHA-256 of all written bytes, in hex."""

    def commit(self, size: int, /) -> None:
        """Finish the file, which is complete and verified."""


@dataclass
class Fetch:
    """The download of one file, with `parallel` GETs at a time."""

    transport: Transport
    throttle: Throttle
    timing: Timing
    parallel: int
    on_event: Callable[[Event], object]
    stop: StopSignal

    def run(self, file: ReadyFile, target: Target, fetch_file: Callable[[], ReadyFile], sha256: str | None) -> Verified:
        """Download and verify the file; `fetch_file` returns it with a new URL.

        Raises:
            CorruptError: the bytes are not those that were announced; they are not kept.
            NetworkError, LinkRefusedError, StoppedError, FileError: a later call can resume.
        """
        count = self.parallel if target.is_restartable else 1
        with_sha256 = bool(file.sha256 or sha256)
        segments = target.start(file, count, with_sha256, self._on_checked(file.size))
        if segments.received:
            self.on_event(Resumed(segments.received, file.size))
        url = RenewableUrl(file, fetch_file)
        try:
            self._workers(url, target, ranged=file.etag is not None).run(segments, count, self.stop, self.on_event)
        except RangesIgnoredError:
            if segments.received and not target.is_restartable:
                raise NetworkError("The server ignores ranges, and the bytes were written to the output.") from None
            segments = target.restart(file)
            self._workers(url, target, ranged=False).run(segments, 1, self.stop, self.on_event)
        verified = self._verify(file, target, segments, sha256)
        self.stop.raise_if_set()
        target.commit(file.size)
        return verified

    def _workers(self, url: RenewableUrl, target: Target, *, ranged: bool) -> RangeWorkers:
        return RangeWorkers(self.transport, self.throttle, self.timing, url, target, ranged)

    def _verify(self, file: ReadyFile, target: Target, segments: Segments, sha256: str | None) -> Verified:
        if segments.received != file.size:
            raise SizeMismatchError(file.size, segments.received)
        checks = ["size"]
        if expected := file.crc32:
            checks.append("crc32")
            if (actual := crc32.to_base64(segments.crc)) != expected:
                raise ChecksumMismatchError("CRC32", expected, actual)
        expected_digests = {digest.lower() for digest in (file.sha256, sha256) if digest}
        actual_digest = None
        if expected_digests:
            checks.append("sha256")
            actual_digest = target.sha256(self._on_checked(file.size))
            for digest in expected_digests - {actual_digest}:
                raise ChecksumMismatchError("SHA-256", digest, actual_digest)
        return Verified(file.size, tuple(checks), actual_digest)

    def _on_checked(self, size: int) -> Callable[[int], None]:
        """Return a callback that reports the bytes read from disk at most every 0.1 s, and stops the reading."""
        report_at = time.monotonic() + _EVENT_INTERVAL_SECONDS

        def on_checked(count: int) -> None:
            nonlocal report_at
            self.stop.raise_if_set()
            if time.monotonic() >= report_at:
                self.on_event(Checking(count, size))
                report_at = time.monotonic() + _EVENT_INTERVAL_SECONDS

        return on_checked
