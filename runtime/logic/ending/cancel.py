"""Cancel a download that has not finished."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.errors import DownloadFinishedError, DownloadNotFoundError
from runtime.models import Download, Status
from runtime.ports import Clock, Downloads, Executions, Functions


@dataclass(frozen=True)
class Cancel:
    """The row first: the worker looks at it and stops; then the execution, then the cleaning up."""

    downloads: Downloads
    executions: Executions
    functions: Functions
    clock: Clock
    fail_function: str

    def run(self, download: Download) -> None:
        """Mark it CANCELLED; harmless when it is already.

        Raises:
            DownloadFinishedError: it is READY or FAILED.
        """
        arn = download.execution_arn
        if not self.downloads.cancel(arn, now=self.clock.now()):
            current = self.downloads.get(arn)
            if current is None:
                raise DownloadNotFoundError
            if current.status is not Status.CANCELLED:
                raise DownloadFinishedError
            if current.notified_at is not None:
                return
        self.executions.stop(arn)
        self.functions.start(self.fail_function, {"executionArn": arn})
