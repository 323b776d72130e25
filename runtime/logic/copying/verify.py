"""Compares the origin's file with the client's request, and the stored object with the sent bytes."""

from __future__ import annotations

from runtime.errors import ChecksumMismatchError, SizeMismatchError, StoredObjectError
from runtime.logic.copying import cleanup
from runtime.models import Checksum, Digest, Download, Stored
from runtime.ports import ObjectHead


def expected(download: Download, size: int, sha256: str | None = None) -> None:
    """Check size and SHA-256, as far as they are known, against the client's request.

    Raises:
        SizeMismatchError, ChecksumMismatchError: they differ.
    """
    if download.expected_size not in (None, size):
        raise SizeMismatchError(f"The origin's file has {size} bytes, not the expected {download.expected_size}.")
    if sha256 is not None and download.sha256 not in (None, sha256):
        raise ChecksumMismatchError("The SHA-256 of the file is not the expected one.")


def stored(
    head: ObjectHead | None,
    *,
    key: str,
    download_id: str,
    size: int,
    digest: Digest,
    content_type: str,
    sha256: str | None = None,
) -> Stored:
    """Return the stored object after checking that it belongs to the download and has the sent bytes.

    Raises:
        StoredObjectError: the object is missing, belongs to another download, or differs.
    """
    if head is None or head.metadata.get(cleanup.OWNER) != download_id:
        raise StoredObjectError("The key in the bucket is taken by another object, or the object is not there.")
    if head.size != size or head.checksum != _expected_checksum(head, digest):
        raise StoredObjectError("What S3 stored is not what was read from the origin.")
    return Stored(key, size, head.etag, content_type, Checksum("CRC32", digest.whole), sha256)


def _expected_checksum(head: ObjectHead, digest: Digest) -> str:
    composite = head.checksum_type == "COMPOSITE" or (head.checksum_type is None and "-" in (head.checksum or ""))
    return digest.composite if composite else digest.whole
