"""Reuses one copy for all downloads of the same version of a file within `reuseSeconds`.

The first download that claims the version is its leader and copies it. Downloads that start meanwhile wait, at no
cost, until the leader ends. Later ones use its copy. A leader that failed, or whose copy is gone, is replaced.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from runtime import log, steps
from runtime.errors import ServiceError, StoppedError
from runtime.logic.copying import cleanup
from runtime.models import Download, Origin, Status, Stored, Validator
from runtime.ports import Clock, Copies, Downloads, Objects, Tasks

MAX_WAITING = 100  # a token has up to 1 KB, and an item up to 400 KB


@dataclass(frozen=True)
class Wait:
    """Another download copies this version."""

    file_id: str


@dataclass(frozen=True)
class Reuse:
    """Decides, once the version is known, whether a download copies, waits or uses an existing copy."""

    copies: Copies
    downloads: Downloads
    objects: Objects
    clock: Clock
    seconds: int

    def find_copy(self, download: Download, origin: Origin, validator: Validator | None) -> Stored | Wait | None:
        """Return the copy to use, `Wait` if another download copies this version, or None if this one has to copy.

        A client that gave a SHA-256 gets its own copy, whose bytes are read in order.

        Raises:
            StoppedError: the download has ended.
        """
        if validator is None or download.sha256 is not None:
            return None
        file_id = file_id_of(origin, download, validator)
        arn, now = download.execution_arn, self.clock.now()
        expires_at = min(int(now) + self.seconds, download.expires_at)
        claim = self.copies.claim(file_id, arn, now=now, expires_at=expires_at)
        if claim.leader != arn:
            leader = self.downloads.get(claim.leader)
            if leader is not None and not leader.is_expired(now):
                if not leader.status.is_final:
                    return Wait(file_id) if claim.waiting < MAX_WAITING else None
                if (stored := _reusable_copy(leader)) and self._has_object(leader, stored):
                    return stored
            claim = self.copies.claim(file_id, arn, now=now, expires_at=expires_at, instead_of=claim.leader)
            if claim.leader != arn:
                return Wait(file_id)
        if not self.downloads.record_file_id(arn, file_id):
            raise StoppedError("The download was stopped.")
        return None

    def _has_object(self, leader: Download, stored: Stored) -> bool:
        head = self.objects.head(stored.key)
        if head is None or head.metadata.get(cleanup.OWNER) != leader.download_id:
            return False
        return (head.size, head.etag) == (stored.size, stored.etag)


@dataclass(frozen=True)
class ResumeWaiters:
    """Resumes the downloads that wait for a leader, when it has ended."""

    copies: Copies
    tasks: Tasks

    def run(self, download: Download) -> None:
        """Settle the claim of a download that has ended, if it has one. A token that is lost times out.

        Raises:
            ServiceError: DynamoDB failed for now.
        """
        if download.file_id is None:
            return
        settle = self.copies.finish if _reusable_copy(download) else self.copies.release
        tokens = settle(download.file_id, download.execution_arn)
        if tokens:
            log.write(steps.WAITERS_RESUMED, waiters=len(tokens))
        for token in tokens:
            try:
                self.tasks.resume(token)
            except ServiceError as error:
                log.write(steps.WAITER_NOT_RESUMED, reason=str(error))


def _reusable_copy(leader: Download) -> Stored | None:
    """Return the copy of a leader that is READY, unless it may be of another version than the claimed one."""
    return leader.stored if leader.status is Status.READY and leader.range_failure is None else None


def file_id_of(origin: Origin, download: Download, validator: Validator) -> str:
    """Return an id of a file's version, made from its origin, path and validator.

    A file that the origin has prepared at another URL is shared by downloads of that URL only.
    """
    described = [origin.name, origin.base_url, download.path, validator.header, validator.value]
    if download.preparation and download.preparation.target:
        described.append(download.preparation.target.url)
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()
