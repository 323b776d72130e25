"""A download is READY only if its object exists, is its own, and equals the bytes that were sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.errors import StoredObjectError
from runtime.logic.copying import verify
from runtime.models import Checksum, Digest, Stored
from runtime.ports import ObjectHead

DIGEST = Digest("AAAAAA==", "BBBBBB==-2")
HEAD = ObjectHead(9, '"etag"', {"download-id": "mine"}, DIGEST.whole, "FULL_OBJECT")


def verify_head(head: ObjectHead | None) -> Stored:
    """Verify a head against the bytes that were sent."""
    return verify.stored(head, key="k", download_id="mine", size=9, digest=DIGEST, content_type="text/csv")


@pytest.mark.parametrize(
    "head",
    [
        HEAD,
        replace(HEAD, checksum=DIGEST.composite, checksum_type="COMPOSITE"),
        replace(HEAD, checksum=DIGEST.composite, checksum_type=None),
        replace(HEAD, checksum_type=None),
    ],
)
def test_checksum_is_compared_in_either_form(head: ObjectHead) -> None:
    """The checksum of the whole is returned."""
    assert verify_head(head) == Stored("k", 9, '"etag"', "text/csv", Checksum("CRC32", DIGEST.whole), None)


@pytest.mark.parametrize(
    "head",
    [
        None,
        replace(HEAD, metadata={}),
        replace(HEAD, metadata={"download-id": "another's"}),
        replace(HEAD, size=8),
        replace(HEAD, checksum=None),
        replace(HEAD, checksum="CCCCCC=="),
        replace(HEAD, checksum=DIGEST.composite),
        replace(HEAD, checksum_type="COMPOSITE"),
    ],
    ids=[
        "none",
        "no owner",
        "another owner",
        "size",
        "no checksum",
        "checksum",
        "composite as whole",
        "whole as composite",
    ],
)
def test_any_difference_is_refused(head: ObjectHead | None) -> None:
    with pytest.raises(StoredObjectError):
        verify_head(head)
