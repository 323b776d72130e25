"""Nothing is READY that is not there, is another's, or differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.errors import StoredObjectError
from runtime.logic.copying import verify
from runtime.models import Checksum, Digest, Stored
from runtime.ports import ObjectHead

DIGEST = Digest("AAAAAA==", "BBBBBB==-2")
HEAD = ObjectHead(9, '"etag"', {"download-id": "mine"}, DIGEST.whole, "FULL_OBJECT")


def stored(head: ObjectHead | None) -> Stored:
    """Verify a head against what was sent."""
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
def test_what_s3_says_in_either_form_is_compared(head: ObjectHead) -> None:
    """The client is given the one of the whole."""
    assert stored(head) == Stored("k", 9, '"etag"', "text/csv", Checksum("CRC32", DIGEST.whole), None)


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
        "nobody's",
        "another's",
        "size",
        "no checksum",
        "checksum",
        "composite as whole",
        "whole as composite",
    ],
)
def test_what_differs_in_anything_is_refused(head: ObjectHead | None) -> None:
    """Size, owner and checksum each count."""
    with pytest.raises(StoredObjectError):
        stored(head)
