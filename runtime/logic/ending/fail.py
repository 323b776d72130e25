"""Ends a download that did not become READY: marks it, notifies its clients and cleans up the bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from runtime import log, steps
from runtime.errors import TransferError
from runtime.logic.copying import cleanup
from runtime.logic.copying.reuse import ResumeWaiters
from runtime.logic.ending import end_lines
from runtime.logic.ending.end_event import SendEndEvent
from runtime.logic.ending.reconcile import failure_of_status
from runtime.logic.ending.running_limit import ReleaseCaller
from runtime.logic.sockets import messages
from runtime.logic.sockets.notifier import Notifier
from runtime.logic.sockets.push import PushCounts
from runtime.models import Download, Failure, Status
from runtime.ports import Clock, Downloads, Objects

_TIMEOUTS = ("States.Timeout", "Sandbox.Timedout", "States.HeartbeatTimeout")
_THROTTLED = "Lambda.TooManyRequestsException"
NO_CAPACITY = Failure(TransferError.code, "AWS Lambda had no free execution for this download, for hours; try again.")
_STORAGE = ("StorageError", "UploadConflictError", "ObjectExistsError", "UploadGoneError")


@dataclass(frozen=True)
class Fail:
    """May run twice and late: the state machine, the status event and a cancel all call it.

    With `send_end_event`, `deliver` calls it too, for a download that is READY: it then sends the event of its end.
    """

    downloads: Downloads
    objects: Objects
    notifier: Notifier
    clock: Clock
    object_prefix: str
    resume_waiters: ResumeWaiters | None = None
    release: ReleaseCaller | None = None
    send_end_event: SendEndEvent | None = None

    def run(self, execution_arn: str, failure: Failure) -> dict[str, str]:
        """Mark the download FAILED unless it has ended, notify its clients and clean up. Return its `status`.

        Raises:
            ServiceError: a step failed for now; the call should be repeated.
            PushesGivenUpError: no client was reached, everything else is done; the call should be repeated.
        """
        failure, now = self._detailed(execution_arn, failure), self.clock.now()
        has_failed = self.downloads.fail(execution_arn, failure=failure, now=now)
        download = self.downloads.get(execution_arn)
        if download is None:
            return {}
        log.set_download(download)
        if has_failed or (download.status is Status.FAILED and download.was_ended_at(now)):
            end_lines.log_failed(download, failure, now)
        counts = self._settle(download) if download.status in (Status.FAILED, Status.CANCELLED) else PushCounts()
        if self.release is not None:
            self.release.run(download)
        if self.send_end_event is not None:  # last: everything else is done when the bus cannot be reached
            self.send_end_event.run(download)
        counts.raise_if_none_reached()
        return {"status": str(download.status)}

    def _settle(self, download: Download) -> PushCounts:
        """Notify the clients, clean up, and resume downloads that wait for the copy."""
        counts = PushCounts()
        if download.notified_at is None:
            counts = self.notifier.send(download, download.connection_ids, messages.download_message(download))
            if not counts.none_reached:
                self.downloads.record_notified(download.execution_arn, now=self.clock.now())
        self._clean(download)
        if self.resume_waiters is not None:
            self.resume_waiters.run(download)
        return counts

    def _detailed(self, execution_arn: str, failure: Failure) -> Failure:
        """Return the failure that a worker recorded, if the state machine only knows that a child failed."""
        if failure.code != TransferError.code or failure == NO_CAPACITY:
            return failure
        download = self.downloads.get(execution_arn)
        return (download and (download.failure or download.range_failure or download.last_error)) or failure

    def _clean(self, download: Download) -> None:
        key, has_upload = self.object_prefix + download.download_id, download.upload_id is not None
        if download.upload_id is not None:
            cleanup.abort_until_gone(self.objects, self.clock, key, download.upload_id)
            self.downloads.forget_upload(download.execution_arn, download.upload_id)
        deleted = cleanup.delete_if_ours(self.objects, key, download.download_id)
        log.write(steps.CLEANED_UP, status=str(download.status), uploadAborted=has_upload, objectDeleted=deleted)


def failure_of(error: Mapping[str, object] | None, status: str | None = None) -> Failure:
    """Return the failure for an error of a task, an error of the state machine, or the status of an execution."""
    if not error:
        return failure_of_status(status)
    code, message = error.get("code"), error.get("message")
    if isinstance(code, str) and code in _codes() and isinstance(message, str):
        return Failure(code, message[:500])
    kinds = (str(error.get("Error", "")), _error_type(error.get("Cause")))
    if any(kind in _TIMEOUTS for kind in kinds):
        return failure_of_status("TIMED_OUT")
    if _THROTTLED in kinds:
        return NO_CAPACITY
    if any(kind in _STORAGE for kind in kinds):
        return Failure("STORAGE_ERROR", "The file could not be stored.")
    return failure_of_status(None)


def _error_type(cause: object) -> str:
    """Return the exception's class in the cause that Lambda gives Step Functions."""
    try:
        described = json.loads(str(cause))
    except (ValueError, RecursionError):
        return ""
    return str(described.get("errorType", "")) if isinstance(described, dict) else ""


def _codes() -> set[str]:
    kinds, codes = [TransferError], set()
    while kinds:
        kind = kinds.pop()
        codes.add(kind.code)
        kinds.extend(kind.__subclasses__())
    return codes
