"""Cancels a download that has not ended."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.errors import DownloadFinishedError, DownloadNotFoundError
from runtime.logic.ending import end_lines
from runtime.models import Download, Status
from runtime.ports import Clock, Downloads, Executions, Functions


@dataclass(frozen=True)
class Cancel:
    """Writes the item, which stops the worker, then stops the execution and starts `fail`, which cleans up."""

    downloads: Downloads
    executions: Executions
    functions: Functions
    clock: Clock
    fail_function: str

    def run(self, download: Download) -> None:
        """Mark the download CANCELLED and clean up. A second call does no harm.

        Raises:
            DownloadFinishedError: the download is READY or FAILED.
        """
        arn, now = download.execution_arn, self.clock.now()
        if self.downloads.cancel(arn, now=now):
            end_lines.log_cancelled(download, now)
        else:
            current = self.downloads.get(arn)
            if current is None:
                raise DownloadNotFoundError
            if current.status is not Status.CANCELLED:
                raise DownloadFinishedError
            if current.was_ended_at(now):
                end_lines.log_cancelled(download, now)
            if current.notified_at is not None:
                return
        self.executions.stop(arn)
        self.functions.start(self.fail_function, {"executionArn": arn})
