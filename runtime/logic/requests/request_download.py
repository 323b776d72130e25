"""Take an order: write its row, start its execution, hand out a ticket."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, replace

from runtime.errors import (
    THROTTLED,
    ExecutionExistsError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    RequestError,
    RequestTooLargeError,
    ServiceError,
    TransientServiceError,
    UnknownOriginError,
)
from runtime.logic.copying import limits
from runtime.logic.ending.running_limit import RunningLimit
from runtime.logic.origin import disposition, paths
from runtime.logic.requests import idempotency_keys, tickets
from runtime.models import Download, Origin, Origins, Status, execution_arn_of, iso
from runtime.ports import Clock, Downloads, Executions

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MOST_ATTEMPTS = 10


@dataclass(frozen=True)
class DownloadRequest:
    """What a caller asks for, not checked yet."""

    owner: str
    origin: str | None = None
    path: str | None = None
    file_name: str | None = None
    sha256: str | None = None
    size: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class RequestDownload:
    """POST /downloads and GET /download."""

    downloads: Downloads
    executions: Executions
    clock: Clock
    origins: Origins
    state_machine_arn: str
    api_url: str
    web_socket_url: str
    expires_seconds: int
    max_file_bytes: int
    limit: RunningLimit

    def run(self, order: DownloadRequest) -> dict[str, object]:
        """The body of the answer.

        Raises:
            RequestError: the order cannot be taken.
        """
        wanted = self._checked(order)
        for attempt in range(_MOST_ATTEMPTS):
            taken = self._take(_named(wanted, order.idempotency_key, attempt, self.state_machine_arn))
            if taken is not None:
                return self._answer(*taken)
            if order.idempotency_key is None:
                break
        raise ServiceError("StartExecution", "NoFreeName")

    def _take(self, wanted: Download) -> tuple[Download, tickets.Ticket] | None:
        """The download under this name with a fresh ticket; None when the name is used up."""
        ticket = tickets.issue(wanted.download_id)
        wanted = replace(wanted, ticket_hashes=(ticket.hash,))
        added = False
        try:
            added = self.limit.acquire(wanted)
        except RequestError:  # a repeated request gets its download all the same
            existing = self._existing(wanted)
            if existing is None or not self._was_started(existing):
                raise
        else:
            if self.downloads.create(wanted):
                return (wanted, ticket) if self._start(wanted, added=added) else None
            existing = self._existing(wanted)
            if added and (existing is None or existing.status.is_final):
                self.limit.release(wanted)
            if existing is None:
                return None
        if _asked(existing) != _asked(wanted):
            raise IdempotencyKeyReusedError
        self._add_ticket(existing, ticket)
        if existing.status is Status.PENDING and not self._start(existing, added=added):
            return None
        return existing, ticket

    def _existing(self, wanted: Download) -> Download | None:
        """Return the download that an earlier request has left under this name, unless it has expired."""
        existing = self.downloads.get(wanted.execution_arn)
        return None if existing is None or existing.is_expired(self.clock.now()) else existing

    def _was_started(self, download: Download) -> bool:
        return download.status is not Status.PENDING or self.executions.status(download.execution_arn) == "RUNNING"

    def _start(self, download: Download, *, added: bool) -> bool:
        """Start the execution, or give back the place that was `added` for a download that does not run.

        Return False if its name was used by an execution that ended before this row was written.
        """
        try:
            started = self._start_execution(download)
        except ServiceError as error:
            if added and not _may_have_worked(error):
                self.limit.release(download)
            raise
        if not started:
            self.limit.release(download)
        return started

    def _start_execution(self, download: Download) -> bool:
        try:
            self.executions.start(download.download_id)
        except ExecutionExistsError:
            return self._is_ours(download)
        return True

    def _is_ours(self, download: Download) -> bool:
        if self.executions.status(download.execution_arn) in ("RUNNING", "PENDING_REDRIVE"):
            return True
        return not self.downloads.expire(download.execution_arn, self.clock.now())

    def _add_ticket(self, existing: Download, ticket: tickets.Ticket) -> None:
        current: Download | None = existing
        while current is not None:
            new = (*current.ticket_hashes, ticket.hash)[-tickets.MAX_PER_DOWNLOAD :]
            if self.downloads.replace_tickets(current.execution_arn, current.ticket_hashes, new):
                return
            current = self.downloads.get(existing.execution_arn)

    def _checked(self, order: DownloadRequest) -> Download:
        origin = self._origin(order.origin)
        path = order.path if order.path is not None else origin.default_path
        if path is None:
            raise InvalidRequestError(f"The path is missing; the origin {origin.name} has no default path.")
        paths.join(origin.base_url, path)
        if order.file_name is not None and not disposition.is_safe_name(order.file_name):
            raise InvalidRequestError(
                f"fileName has to be a file's name of 1 to {disposition.MAX_NAME} characters, without path, "
                'spaces around it, control characters or any of : * ? " < > |'
            )
        if order.sha256 is not None and not _SHA256.fullmatch(order.sha256):
            raise InvalidRequestError("sha256 has to be 64 hexadecimal digits.")
        limit = limits.request_limit(self.max_file_bytes, sha256=order.sha256 is not None)
        if order.size is not None and order.size > limit.bytes:
            raise RequestTooLargeError(limit.reason)
        idempotency_keys.check(order.idempotency_key, order.owner)
        now = self.clock.now()
        return Download(
            execution_arn="",
            download_id="",
            origin=origin.name,
            path=path,
            owner=order.owner,
            created_at=now,
            updated_at=now,
            expires_at=int(now) + self.expires_seconds,
            file_name=order.file_name,
            expected_size=order.size,
            sha256=order.sha256.lower() if order.sha256 else None,
        )

    def _origin(self, name: str | None) -> Origin:
        if name is None and len(self.origins) == 1:
            return next(iter(self.origins.values()))
        if name is None:
            raise InvalidRequestError(f"The origin is missing; there are: {', '.join(sorted(self.origins))}.")
        if name not in self.origins:
            raise UnknownOriginError(f"There is no such origin; there are: {', '.join(sorted(self.origins))}.")
        return self.origins[name]

    def _answer(self, download: Download, ticket: tickets.Ticket) -> dict[str, object]:
        return {
            "downloadId": download.download_id,
            "executionArn": download.execution_arn,
            "webSocketEndpoint": f"{self.web_socket_url}?ticket={ticket.text}",
            "statusUrl": f"{self.api_url}/downloads/{download.download_id}",
            "expiresAt": iso(download.expires_at),
        }


def _named(wanted: Download, key: str | None, attempt: int, state_machine_arn: str) -> Download:
    """The order under its id: random, or made from the Idempotency-Key, the caller and the attempt."""
    download_id = secrets.token_hex(16)
    if key is not None:
        parts = f"{len(key)}:{key}{len(wanted.owner)}:{wanted.owner}{attempt}"
        download_id = hashlib.sha256(parts.encode()).hexdigest()[:32]
    return replace(wanted, download_id=download_id, execution_arn=execution_arn_of(state_machine_arn, download_id))


def _may_have_worked(error: ServiceError) -> bool:
    """Return True for a call whose answer was lost."""
    return isinstance(error, TransientServiceError) and error.code not in THROTTLED


def _asked(download: Download) -> tuple[object, ...]:
    return download.origin, download.path, download.file_name, download.expected_size, download.sha256
