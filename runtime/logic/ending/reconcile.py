"""Finds downloads whose execution has ended without recording it, when a client reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runtime.errors import ServiceError
from runtime.logic.ending import end_lines
from runtime.models import Download, Failure, Status
from runtime.ports import Clock, Downloads, Executions, Functions

OVERDUE_SECONDS = 60.0
_FAILURES = {
    "TIMED_OUT": Failure("TIMED_OUT", "The transfer took too long."),
    "ABORTED": Failure("STOPPED", "The transfer was stopped."),
}
_UNKNOWN = Failure("TRANSFER_FAILED", "The transfer failed.")


def failure_of_status(status: str | None) -> Failure:
    """Return the failure for the status of an execution that has ended."""
    return _FAILURES.get(status or "", _UNKNOWN)


@dataclass(frozen=True)
class Reconcile:
    """Compares a download that has not changed for a minute with its execution, at most once a minute."""

    downloads: Downloads
    executions: Executions
    functions: Functions
    clock: Clock
    fail_function: str

    def run(self, download: Download) -> Download:
        """Return the download, which is FAILED if its execution has ended."""
        now = self.clock.now()
        changed_or_checked = max(download.updated_at, download.checked_at or 0.0)
        if download.status.is_final or now - changed_or_checked < OVERDUE_SECONDS:
            return download
        try:
            if not self.downloads.claim_check(download.execution_arn, before=now - OVERDUE_SECONDS, now=now):
                return self.downloads.get(download.execution_arn) or download
            status = self.executions.status(download.execution_arn)
        except ServiceError:  # throttled: the next read after a minute checks again
            return download
        if status in ("RUNNING", "PENDING_REDRIVE"):
            return download
        failure = failure_of_status(status)
        if not self.downloads.fail(download.execution_arn, failure=failure, now=now):
            return self.downloads.get(download.execution_arn) or download
        end_lines.log_failed(download, failure, now)
        self.functions.start(self.fail_function, {"executionArn": download.execution_arn})
        return replace(download, status=Status.FAILED, failure=failure)
