"""The typed outcomes of the state machine's tasks. Tasks raise only errors that a retry may overcome."""

from __future__ import annotations

from runtime.errors import StoppedError, TransferError
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
    arn = download.execution_arn
    if downloads.finish(arn, stored=stored, upload_id=upload_id, now=clock.now()):
        return {"outcome": "STORED"}
    current = downloads.get(arn)
    if current is not None and current.status is Status.READY:  # by another try, or the answer to this update was lost
        return {"outcome": "STORED"}
    if current is None or current.status.is_final:
        cleanup.delete_if_ours(objects, stored.key, download.download_id)
    return failed(StoppedError("The download was stopped."))
