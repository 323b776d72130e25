"""Downloading a file that is ready: resumed, in several lanes, verified, and only then given its name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from async_download_client.errors import ChecksumMismatchError, NetworkError, SizeMismatchError
from async_download_client.events import Checking, Event, Resumed, Verified
from async_download_client.models import Ready
from async_download_client.stop import Stop
from async_download_client.timing import Timing
from async_download_client.transfer import crc32
from async_download_client.transfer.lanes import Lanes, Sink
from async_download_client.transfer.link import Link
from async_download_client.transfer.ranges import RangesIgnoredError
from async_download_client.transfer.segments import Segments
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport

__all__ = ["Fetch", "Target"]

_TICK = 0.1


class Target(Sink, Protocol):
    """Where a file goes: a `Part` or a `Stream`."""

    def adopt(self, ready: Ready, checking: Callable[[int], None], /) -> Segments:
        """What is there already."""

    def restart(self, ready: Ready) -> Segments:
        """Nothing is there, and it comes in one stretch."""

    def sha256(self, checking: Callable[[int], None], /) -> str:
        """Of all that is there."""

    def commit(self, size: int, /) -> None:
        """Everything is there and right."""


@dataclass
class Fetch:
    """One download of one file; `parallel` GETs at once."""

    transport: Transport
    throttle: Throttle
    timing: Timing
    parallel: int
    tell: Callable[[Event], object]
    stop: Stop

    def __call__(self, ready: Ready, target: Target, renew: Callable[[], Ready], sha256: str | None) -> Verified:
        """Get it.

        Raises:
            CorruptError: what is there is not what was promised, and cannot be resumed.
            NetworkError, LinkRefusedError, StoppedError, FileError: a later try can go on.
        """
        segments = target.adopt(ready, self._checking(ready.size))
        if segments.received:
            self.tell(Resumed(segments.received, ready.size))
        link = Link(ready, renew)
        count = self.parallel if target.restartable else 1
        try:
            self._lanes(link, target, ranged=ready.etag is not None).run(segments, count, self.stop, self.tell)
        except RangesIgnoredError:
            if segments.received and not target.restartable:
                raise NetworkError("The server ignores ranges, and what went out cannot be taken back.") from None
            segments = target.restart(ready)
            self._lanes(link, target, ranged=False).run(segments, 1, self.stop, self.tell)
        verified = self._verify(ready, target, segments, sha256)
        self.stop.check()
        target.commit(ready.size)
        return verified

    def _lanes(self, link: Link, target: Target, *, ranged: bool) -> Lanes:
        return Lanes(self.transport, self.throttle, self.timing, link, target, ranged)

    def _verify(self, ready: Ready, target: Target, segments: Segments, sha256: str | None) -> Verified:
        if segments.received != ready.size:
            raise SizeMismatchError(ready.size, segments.received)
        checks = ["size"]
        if expected := ready.crc32:
            checks.append("crc32")
            if (actual := crc32.text(segments.crc)) != expected:
                raise ChecksumMismatchError("CRC32", expected, actual)
        wanted = {each.lower() for each in (ready.sha256, sha256) if each}
        digest = None
        if wanted:
            checks.append("sha256")
            digest = target.sha256(self._checking(ready.size))
            for each in wanted - {digest}:
                raise ChecksumMismatchError("SHA-256", each, digest)
        return Verified(ready.size, tuple(checks), digest)

    def _checking(self, size: int) -> Callable[[int], None]:
        """A callback for whoever reads what is there: tells of it now and then, and can be stopped."""
        tell_at = time.monotonic() + _TICK

        def checking(count: int) -> None:
            nonlocal tell_at
            self.stop.check()
            if time.monotonic() >= tell_at:
                self.tell(Checking(count, size))
                tell_at = time.monotonic() + _TICK

        return checking
