"""The limits of one caller: downloads that run at once, and bytes copied in a day."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from runtime import parallel
from runtime.errors import DailyLimitError, ServiceError, TooManyDownloadsError
from runtime.logic.ending.reconcile import OVERDUE_SECONDS
from runtime.models import Download, Place, iso
from runtime.ports import Callers, Clock, Downloads, Executions

CHECK_SECONDS = 5  # between two checks of all downloads of a caller at the limit, so that a refusal stays cheap
MAX_EXECUTIONS_CHECKED = 3  # Step Functions answers few DescribeExecution a second
DAY_SECONDS = 86_400
MAX_KEY = 1000  # characters; DynamoDB's keys have up to 2,048 bytes


@dataclass(frozen=True)
class RunningLimit:
    """Counts a download when it is requested. `ReleaseCaller` releases its place at its end.

    `max_running` is how many downloads of one caller may run at once; with 0 nothing is counted. `daily_bytes` is how
    many bytes may have been copied for a caller since midnight (UTC) when it requests another file; 0 is any.
    """

    callers: Callers
    downloads: Downloads
    executions: Executions
    clock: Clock
    max_running: int
    daily_bytes: int = 0

    def acquire(self, download: Download) -> bool:
        """Count the download as running; one that is counted already is not counted twice.

        Return True if this call has counted it: a caller that fails to start it has to release it.

        Raises:
            TooManyDownloadsError: its caller has reached the limit of running downloads.
            DailyLimitError: its caller has reached the limit of bytes for today.
        """
        if not self.max_running:
            return False
        caller, now = caller_of(download.owner), self.clock.now()
        if self.daily_bytes and self.callers.get_bytes(caller, day_of(now)) >= self.daily_bytes:
            raise DailyLimitError(self.daily_bytes, retry_after=DAY_SECONDS - int(now) % DAY_SECONDS)
        place = self._add(caller, download)
        if place is Place.REFUSED and self._remove_ended(caller, download):
            place = self._add(caller, download)
        if place is Place.REFUSED:
            raise TooManyDownloadsError(self.max_running)
        return place is Place.ADDED

    def release(self, download: Download) -> None:
        """Release the place of a download that was not started."""
        if not self.max_running:
            return
        self.callers.remove(caller_of(download.owner), download.download_id)

    def _add(self, caller: str, download: Download) -> Place:
        return self.callers.add(caller, download.download_id, limit=self.max_running, expires_at=download.expires_at)

    def _remove_ended(self, caller: str, requested: Download) -> bool:
        """Remove downloads whose end was not recorded, for instance because a function was killed.

        Return False if there are none, or if that was checked a moment ago.
        """
        item, now = self.callers.get(caller), self.clock.now()
        if item is None:
            return True
        before = now - CHECK_SECONDS
        if item.checked_at > before or not self.callers.claim_check(caller, now=now, before=before):
            return False
        ids, prefix = sorted(item.running), requested.execution_arn.removesuffix(requested.download_id)
        arns = [prefix + download_id for download_id in ids]
        rows = dict(zip(ids, parallel.map_each(self.downloads.get, arns), strict=True))
        final = [row for row in rows.values() if row is not None and row.status.is_final]
        parallel.map_each(ReleaseCaller(self.callers, self.clock, self.daily_bytes).run, final)
        lost = [key for key, row in rows.items() if row is None or (not row.status.is_final and row.is_expired(now))]
        if not final and not lost:
            lost = self._stopped([row for row in rows.values() if row is not None], now)
        parallel.map_each(lambda key: self.callers.remove(caller, key), lost)
        return bool(final or lost)

    def _stopped(self, rows: list[Download], now: float) -> list[str]:
        """Return the ids of those that no execution works on, among the few that have not changed for longest."""
        overdue = [row for row in rows if now - row.updated_at >= OVERDUE_SECONDS]
        oldest = sorted(overdue, key=lambda row: row.updated_at)[:MAX_EXECUTIONS_CHECKED]
        return [row.download_id for row in oldest if not self._is_running(row)]

    def _is_running(self, download: Download) -> bool:
        try:
            return self.executions.status(download.execution_arn) in ("RUNNING", "PENDING_REDRIVE")
        except ServiceError:  # throttled: the place stays taken, and the next check asks again
            return True


@dataclass(frozen=True)
class ReleaseCaller:
    """Releases the place of a download that has ended, and counts its bytes if these are limited."""

    callers: Callers
    clock: Clock
    daily_bytes: int = 0

    def run(self, download: Download) -> None:
        """Remove the download from those of its caller that run. A second call does no harm.

        Raises:
            ServiceError: DynamoDB failed for now.
        """
        if not download.status.is_final:
            return
        caller, now = caller_of(download.owner), self.clock.now()
        removed = self.callers.remove(caller, download.download_id)
        if removed and self.daily_bytes and (size := copied_bytes(download)):
            self.callers.add_bytes(caller, day_of(now), size, expires_at=int(now) + 2 * DAY_SECONDS)


def copied_bytes(download: Download) -> int:
    """Return the bytes that were copied for a download that has ended; 0 if it reused another copy."""
    if download.stored is not None and not download.stored.key.endswith(download.download_id):
        return 0
    return download.copied_bytes or 0


def day_of(seconds: float) -> str:
    """Return the day (UTC) of a moment in epoch seconds: `2026-11-28`."""
    return iso(seconds)[:10]


def caller_of(owner: str) -> str:
    """Return the caller to which an owner counts, without the parts of its name that a client can choose freely.

    A role's session name is dropped, because the client that assumes the role chooses it. An IPv6 address counts as its
    /64 network, because one customer of a provider has all addresses of it.
    """
    kind, _, name = owner.partition(":")
    if kind == "iam" and ":assumed-role/" in name:
        name = name.rpartition("/")[0]
    elif kind == "address" and ":" in name:
        name = _network_of(name)
    if len(name) > MAX_KEY or not name.isascii():
        name = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    return f"{kind}:{name}"


def _network_of(address: str) -> str:
    try:
        return str(ip_network(f"{ip_address(address)}/64", strict=False))
    except ValueError:
        return address
