"""The pre-signed URL of a file, renewed when S3 refuses it; the workers share one renewal."""

from __future__ import annotations

import threading
from collections.abc import Callable

from async_download_client.errors import LinkRefusedError, ObjectChangedError
from async_download_client.models import ReadyFile

_MAX_RENEWALS = 2


class RenewableUrl:
    """Holds `file` with its current URL; `fetch_file` asks the API for the same file with a new URL."""

    def __init__(self, file: ReadyFile, fetch_file: Callable[[], ReadyFile]) -> None:
        self.file = file
        self._fetch_file = fetch_file
        self._lock = threading.Lock()
        self._renewals = 0

    def reset_renewals(self) -> None:
        """Allow two more renewals, because the current URL has delivered bytes."""
        self._renewals = 0

    def renew(self, refused_url: str, error: LinkRefusedError) -> ReadyFile | None:
        """Return the file with a new URL, or None when another worker has replaced the refused URL already.

        Raises:
            LinkRefusedError: S3 refused new URLs too.
            ObjectChangedError: the API now offers another file.
        """
        with self._lock:
            if refused_url != self.file.url:
                return None
            self._renewals += 1
            if self._renewals > _MAX_RENEWALS:
                raise error
            file = self._fetch_file()
            if file.identity != self.file.identity:
                raise ObjectChangedError
            self.file = file
            return file
