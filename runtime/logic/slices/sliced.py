"""A copy in slices, as its workers read it from the download's item."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.logic.copying.plan import Cut, Plan
from runtime.models import Download, Status, Version


@dataclass(frozen=True)
class Sliced:
    """A download that is being copied in slices: its upload, the version of the file, and the plan."""

    download: Download
    key: str
    upload_id: str
    version: Version
    plan: Plan

    def is_needed(self, download: Download | None, now: float) -> bool:
        """Return whether the download, read again, still has this upload, can succeed and does not wait."""
        if download is None or download.status.is_final or download.is_expired(now):
            return False
        if download.status is Status.PREPARING:
            return False
        return download.upload_id == self.upload_id and (download.failure or download.range_failure) is None


def sliced(download: Download | None, object_prefix: str, cut: Cut, now: float) -> Sliced | None:
    """Return the copy in slices that is under way, or None."""
    if download is None or download.status.is_final or download.is_expired(now):
        return None
    if download.upload_id is None or download.version is None or not download.size:
        return None
    key = object_prefix + download.download_id
    return Sliced(download, key, download.upload_id, download.version, cut(download.size))
