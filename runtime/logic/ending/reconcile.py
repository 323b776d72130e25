"""What to do about a download whose execution has died without a word: found by whoever reads the row."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runtime.errors import ServiceError
from runtime.models import Download, Failure, Status
from runtime.ports import Clock, Downloads, Executions, Functions

OVERDUE_SECONDS = 60.0
_FAILURES = {
    "TIMED_OUT": Failure("TIMED_OUT", "The transfer took too long."),
    "ABORTED": Failure("STOPPED", "The transfer was stopped."),
}
_UNKNOWN = Failure("TRANSFER_FAILED", "The transfer failed.")


def failure_of_status(status: str | None) -> Failure:
    """The failure that an execution's end stands for."""
    return _FAILURES.get(status or "", _UNKNOWN)


@dataclass(frozen=True)
class Reconcile:
    """Compares a row that has not changed for a minute with its execution, at most once a minute per download."""

    downloads: Downloads
    executions: Executions
    functions: Functions
    clock: Clock
    fail_function: str

    def run(self, download: Download) -> Download:
        """The download as it is, or FAILED when nothing works on it any more."""
        now = self.clock.now()
        changed_or_checked = max(download.updated_at, download.checked_at or 0.0)
        if download.status.is_final or now - changed_or_checked < OVERDUE_SECONDS:
            return download
        try:
            if not self.downloads.claim_check(download.execution_arn, before=now - OVERDUE_SECONDS, now=now):
                return self.downloads.get(download.execution_arn) or download
            status = self.executions.status(download.execution_arn)
        except ServiceError:  # throttled: a reader asks again after a minute
            return download
        if status in ("RUNNING", "PENDING_REDRIVE"):
            return download
        failure = failure_of_status(status)
        if not self.downloads.fail(download.execution_arn, failure=failure, now=now):
            return self.downloads.get(download.execution_arn) or download
        self.functions.start(self.fail_function, {"executionArn": download.execution_arn})
        return replace(download, status=Status.FAILED, failure=failure)
