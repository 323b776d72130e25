"""Leaving nothing behind in the bucket."""

from __future__ import annotations

from runtime.backoff import pause
from runtime.errors import StorageError
from runtime.ports import Clock, Objects

OWNER = "download-id"  # the metadata that says which download an object belongs to
_TRIES = 6


def abort_until_gone(objects: Objects, clock: Clock, key: str, upload_id: str) -> None:
    """Abort an upload again until it stays away: a part that was in flight brings it back.

    Raises:
        StorageError: it would not go.
    """
    for attempt in range(1, _TRIES + 1):
        objects.abort(key, upload_id)
        if not objects.has_upload(key, upload_id):
            return
        clock.sleep(pause(attempt, base=0.25, maximum=4.0))
    raise StorageError("AbortMultipartUpload", "StillThere")


def delete_if_ours(objects: Objects, key: str, download_id: str) -> bool:
    """Delete the download's object if there is one and it is the download's; says whether it did."""
    head = objects.head(key)
    if head is None or head.metadata.get(OWNER) != download_id:
        return False
    objects.delete(key)
    return True
