"""What S3 holds, compared with what was sent: a copy is READY only after this."""

from __future__ import annotations

from runtime.errors import StoredObjectError
from runtime.logic import cleanup
from runtime.models import Checksum, Digest, Stored
from runtime.ports import ObjectHead


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
    if head.size != size or head.checksum != _expected(head, digest):
        raise StoredObjectError("What S3 stored is not what was read from the origin.")
    return Stored(key, size, head.etag, content_type, Checksum("CRC32", digest.whole), sha256)


def _expected(head: ObjectHead, digest: Digest) -> str:
    composite = head.checksum_type == "COMPOSITE" or (head.checksum_type is None and "-" in (head.checksum or ""))
    return digest.composite if composite else digest.whole
