"""What the origin has, compared with what the client expects, and what S3 holds with what was sent."""

from __future__ import annotations

from runtime.errors import ChecksumMismatchError, SizeMismatchError, StoredObjectError
from runtime.logic.copying import cleanup
from runtime.models import Checksum, Digest, Download, Stored
from runtime.ports import ObjectHead


def expected(download: Download, size: int, sha256: str | None = None) -> None:
    """Make sure that it is the file that the client expects, as far as is known yet.

    Raises:
        SizeMismatchError, ChecksumMismatchError: it is another.
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
    """The object, once it is known to be the download's and to hold what was sent.

    Raises:
        StoredObjectError: it is not there, is another's, or differs.
    """
    if head is None or head.metadata.get(cleanup.OWNER) != download_id:
        raise StoredObjectError("The key in the bucket is taken by another object, or the object is not there.")
    if head.size != size or head.checksum != _in_its_form(head, digest):
        raise StoredObjectError("What S3 stored is not what was read from the origin.")
    return Stored(key, size, head.etag, content_type, Checksum("CRC32", digest.whole), sha256)


def _in_its_form(head: ObjectHead, digest: Digest) -> str:
    composite = head.checksum_type == "COMPOSITE" or (head.checksum_type is None and "-" in (head.checksum or ""))
    return digest.composite if composite else digest.whole
