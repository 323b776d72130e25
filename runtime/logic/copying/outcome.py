"""The typed outcomes of the state machine's tasks. Tasks raise only errors that a retry may overcome."""

from __future__ import annotations

from runtime import log, steps
from runtime.errors import StoppedError, TransferError, fault_of
from runtime.logic.copying import cleanup
from runtime.models import Download, Failure, Status, Stored
from runtime.ports import Clock, Downloads, Objects

Outcome = dict[str, object]


def failed(error: TransferError | Failure) -> Outcome:
    """Return `{"outcome": "FAILED", "error": {"code", "message"}}`."""
    message = error.message if isinstance(error, Failure) else str(error)
    return {"outcome": "FAILED", "error": {"code": error.code, "message": message}}


def of_final(download: Download) -> Outcome:
    """Return the outcome of a download that has ended."""
    if download.status is Status.READY:
        return {"outcome": "STORED"}
    return failed(download.failure or StoppedError("The download was cancelled."))


def settle(
    downloads: Downloads, objects: Objects, clock: Clock, download: Download, stored: Stored, upload_id: str | None
) -> Outcome:
    """Mark the download READY; delete the object if the download has ended before."""
    arn, now = download.execution_arn, clock.now()
    if downloads.finish(arn, stored=stored, upload_id=upload_id, now=now):
        _log_ready(download, stored, now)
        return {"outcome": "STORED"}
    current = downloads.get(arn)
    if current is not None and current.status is Status.READY:  # by another try, or the answer to this update was lost
        if current.was_ended_at(now):
            _log_ready(download, stored, now)
        return {"outcome": "STORED"}
    log.write(steps.COPY_DISCARDED, status=str(current.status) if current else None)
    if current is None or current.status.is_final:
        cleanup.delete_if_ours(objects, stored.key, download.download_id)
    return failed(StoppedError("The download was stopped."))


def log_fields(outcome: Outcome) -> dict[str, log.Value]:
    """Return the fields of a line about an outcome: `outcome`, and of FAILED also `code`, `fault` and `reason`."""
    fields: dict[str, log.Value] = {"outcome": str(outcome["outcome"])}
    error = outcome.get("error")
    if isinstance(error, dict):
        fields |= {"code": error["code"], "fault": fault_of(error["code"]), "reason": error["message"]}
    return fields


def _log_ready(download: Download, stored: Stored, now: float) -> None:
    """Log that this call has changed the download to READY, and count it."""
    is_copy, seconds = stored.key.endswith(download.download_id), round(download.age(now), 3)
    metrics: dict[str, float] = {"DownloadsReady": 1, "SecondsToReady": seconds}
    if is_copy:
        metrics["CopiedBytes"] = stored.size
    if download.first_byte_at is not None:
        copying = now - download.first_byte_at
        metrics["SecondsToFirstByte"] = round(download.age(download.first_byte_at), 3)
        if is_copy:
            bytes_per_second = log.rate(stored.size, copying)
            log.write(steps.COPIED, bytes=stored.size, seconds=round(copying, 3), bytesPerSecond=bytes_per_second)
    copied = stored.size if is_copy else 0
    log.write(steps.READY, metrics, size=stored.size, bytes=copied, seconds=seconds)
