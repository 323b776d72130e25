"""The log lines of downloads that end as FAILED or CANCELLED. Each counts: it is written by the call that ended it."""

from __future__ import annotations

from runtime import log, steps
from runtime.errors import fault_of
from runtime.models import Download, Failure


def log_failed(download: Download, failure: Failure, now: float) -> None:
    """Log that this call has changed the download to FAILED, and count it."""
    log.set_download(download)
    fault = fault_of(failure.code)
    log.write(
        steps.FAILED,
        {"DownloadsFailed": 1},
        {"Fault": fault, "Code": failure.code},
        code=failure.code,
        fault=fault,
        reason=failure.message,
        size=download.size,
        bytes=download.copied_bytes or 0,
        seconds=round(download.age(now), 3),
    )


def log_cancelled(download: Download, now: float) -> None:
    """Log that this call has changed the download to CANCELLED, and count it."""
    log.set_download(download)
    log.write(
        steps.CANCELLED,
        {"DownloadsCancelled": 1},
        size=download.size,
        bytes=download.copied_bytes or 0,
        seconds=round(download.age(now), 3),
    )
