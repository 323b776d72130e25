"""A copy in slices, as its workers find it in the row."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.logic.copying.plan import Cut, Plan
from runtime.models import Download, Version


@dataclass(frozen=True)
class Sliced:
    """A download that is being copied in slices, and what the row says of it."""

    download: Download
    key: str
    upload_id: str
    version: Version
    plan: Plan

    def is_wanted(self, row: Download | None, now: float) -> bool:
        """Whether a later look at the row finds the same copy going on, with a chance to succeed."""
        if row is None or row.status.is_final or row.is_expired(now):
            return False
        return row.upload_id == self.upload_id and row.failure is None


def sliced(row: Download | None, object_prefix: str, cut: Cut, now: float) -> Sliced | None:
    """The copy in slices that goes on, if one does."""
    if row is None or row.status.is_final or row.is_expired(now):
        return None
    if row.upload_id is None or row.version is None or not row.size:
        return None
    return Sliced(row, object_prefix + row.download_id, row.upload_id, row.version, cut(row.size))
