"""Starts a download: writes its item, starts its execution and issues a ticket."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, replace

from runtime import log, steps
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
_MAX_ATTEMPTS = 10


@dataclass(frozen=True)
class DownloadRequest:
    """The fields of a request, which were not checked yet."""

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

    def run(self, request: DownloadRequest) -> dict[str, object]:
        """Start the download and return the body of the answer.

        Raises:
            RequestError: the request is invalid, or its caller has reached a limit.
        """
        template = self._validate(request)
        log.set_download(template)
        for attempt in range(_MAX_ATTEMPTS):
            started = self._take(_with_id(template, request.idempotency_key, attempt, self.state_machine_arn))
            if started is not None:
                return self._answer(*started)
            if request.idempotency_key is None:
                break
        raise ServiceError("StartExecution", "NoFreeName")

    def _take(self, download: Download) -> tuple[Download, tickets.Ticket] | None:
        """Return the download with this id and a new ticket, or None if the id cannot be used any more."""
        ticket = tickets.issue(download.download_id)
        download = replace(download, ticket_hashes=(ticket.hash,))
        added = False
        try:
            added = self.limit.acquire(download)
        except RequestError:  # a repeated request gets its download in spite of a limit
            existing = self._existing(download)
            if existing is None or not self._was_started(existing):
                raise
        else:
            if self.downloads.create(download):
                return (download, ticket) if self._start_new(download, added=added) else None
            existing = self._existing(download)
            if added and (existing is None or existing.status.is_final):
                self.limit.release(download)
            if existing is None:
                return None
        if _requested_fields(existing) != _requested_fields(download):
            raise IdempotencyKeyReusedError
        self._add_ticket(existing, ticket)
        if existing.status is Status.PENDING and not self._start(existing, added=added):
            return None
        log.set_download(existing)
        log.write(steps.REQUESTED_AGAIN, status=str(existing.status))
        return existing, ticket

    def _start_new(self, download: Download, *, added: bool) -> bool:
        """Start the execution of a download whose item this call has created, and count the download.

        Return False, and do not count it, if the id has to be left to an earlier execution.
        """
        started = True
        try:
            started = self._start(download, added=added)
        finally:  # also after an error, because the repeated request finds the item
            if started:
                log.set_download(download)
                log.write(steps.REQUESTED, {"DownloadsRequested": 1}, size=download.expected_size)
        return started

    def _existing(self, download: Download) -> Download | None:
        """Return the download of an earlier request with this id, unless it has expired."""
        existing = self.downloads.get(download.execution_arn)
        return None if existing is None or existing.is_expired(self.clock.now()) else existing

    def _was_started(self, download: Download) -> bool:
        return download.status is not Status.PENDING or self.executions.status(download.execution_arn) == "RUNNING"

    def _start(self, download: Download, *, added: bool) -> bool:
        """Start the execution, or release the place that was `added` if it does not start.

        Return False if its name was used by an execution that ended before this item was written.
        """
        try:
            started = self._start_execution(download)
        except ServiceError as error:
            if added and not _may_have_succeeded(error):
                self.limit.release(download)
            raise
        if not started:
            self.limit.release(download)
        return started

    def _start_execution(self, download: Download) -> bool:
        try:
            self.executions.start(download.download_id)
        except ExecutionExistsError:
            return self._has_started(download)
        return True

    def _has_started(self, download: Download) -> bool:
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

    def _validate(self, request: DownloadRequest) -> Download:
        origin = self._origin(request.origin)
        path = request.path if request.path is not None else origin.default_path
        if path is None:
            raise InvalidRequestError(f"The path is missing; the origin {origin.name} has no default path.")
        paths.join(origin.base_url, path, encoded_slashes=origin.encoded_slashes)
        problem = None if request.file_name is None else disposition.name_problem(request.file_name)
        if problem is not None:
            raise InvalidRequestError(f"fileName {problem}.")
        if request.sha256 is not None and not _SHA256.fullmatch(request.sha256):
            raise InvalidRequestError("sha256 has to be 64 hexadecimal digits.")
        limit = limits.request_limit(self.max_file_bytes, sha256=request.sha256 is not None)
        if request.size is not None and request.size > limit.bytes:
            raise RequestTooLargeError(limit.reason)
        idempotency_keys.check(request.idempotency_key, request.owner)
        now = self.clock.now()
        return Download(
            execution_arn="",
            download_id="",
            origin=origin.name,
            path=path,
            owner=request.owner,
            created_at=now,
            updated_at=now,
            expires_at=int(now) + self.expires_seconds,
            file_name=request.file_name,
            expected_size=request.size,
            sha256=request.sha256.lower() if request.sha256 else None,
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
        body: dict[str, object] = {
            "downloadId": download.download_id,
            "executionArn": download.execution_arn,
            "webSocketEndpoint": f"{self.web_socket_url}?ticket={ticket.text}",
            "statusUrl": f"{self.api_url}/downloads/{download.download_id}",
            "expiresAt": iso(download.expires_at),
        }
        if download.next_request_at is not None:
            body |= {"status": str(download.status), "nextRequestAt": iso(download.next_request_at)}
        return body


def _with_id(download: Download, key: str | None, attempt: int, state_machine_arn: str) -> Download:
    """Return the download with its id: random, or made from Idempotency-Key, caller and attempt."""
    download_id = secrets.token_hex(16)
    if key is not None:
        parts = f"{len(key)}:{key}{len(download.owner)}:{download.owner}{attempt}"
        download_id = hashlib.sha256(parts.encode()).hexdigest()[:32]
    return replace(download, download_id=download_id, execution_arn=execution_arn_of(state_machine_arn, download_id))


def _may_have_succeeded(error: ServiceError) -> bool:
    """Return whether the call may have succeeded, because only its answer was lost."""
    return isinstance(error, TransientServiceError) and error.code not in THROTTLED


def _requested_fields(download: Download) -> tuple[object, ...]:
    return download.origin, download.path, download.file_name, download.expected_size, download.sha256
