"""The pre-signed URL, renewed when S3 refuses it; one renewal for all lanes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from async_download_client.errors import LinkRefusedError, ObjectChangedError
from async_download_client.models import Ready

__all__ = ["Link"]

_MOST_RENEWALS = 2


class Link:
    """`ready` is what is downloaded, with its current URL."""

    def __init__(self, ready: Ready, renew: Callable[[], Ready]) -> None:
        self.ready = ready
        self._renew = renew
        self._lock = threading.Lock()
        self._renewals = 0

    def works(self) -> None:
        """Say that bytes came."""
        self._renewals = 0

    def refused(self, url: str, error: LinkRefusedError) -> Ready | None:
        """Get another URL; None when somebody has done so meanwhile.

        Raises:
            LinkRefusedError: fresh ones are refused too.
            ObjectChangedError: the fresh one is of another file.
        """
        with self._lock:
            if url != self.ready.url:
                return None
            self._renewals += 1
            if self._renewals > _MOST_RENEWALS:
                raise error
            fresh = self._renew()
            if fresh.identity != self.ready.identity:
                raise ObjectChangedError
            self.ready = fresh
            return fresh
