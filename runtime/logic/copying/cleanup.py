"""Removes unfinished uploads and objects of failed downloads from the bucket."""

from __future__ import annotations

from runtime.backoff import pause
from runtime.errors import StorageError
from runtime.ports import Clock, Objects

OWNER = "download-id"  # metadata of an object: the id of its download
_TRIES = 6


def abort_until_gone(objects: Objects, clock: Clock, key: str, upload_id: str) -> None:
    """Abort an upload until it stays away: a part that is being stored brings it back.

    Raises:
        StorageError: the upload is still there.
    """
    for attempt in range(1, _TRIES + 1):
        objects.abort(key, upload_id)
        if not objects.has_upload(key, upload_id):
            return
        clock.sleep(pause(attempt, base=0.25, maximum=4.0))
    raise StorageError("AbortMultipartUpload", "StillThere")


def delete_if_ours(objects: Objects, key: str, download_id: str) -> bool:
    """Delete the object at the key if it belongs to the download. Return whether it was deleted."""
    head = objects.head(key)
    if head is None or head.metadata.get(OWNER) != download_id:
        return False
    objects.delete(key)
    return True
