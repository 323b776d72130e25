"""URLs of `RoleSigner` on versitygw. It has no temporary keys, so the role's session has those of its owner."""

from __future__ import annotations

import time
import zlib

import pytest

from integration_tests.parity.s3 import S3Server, get
from integration_tests.support.waiting import wait_for
from runtime.adapters import signer
from runtime.adapters.objects import S3Objects
from runtime.adapters.signer import RoleSigner
from runtime.logic.origin import disposition

KEY = "downloads/0123456789abcdef"
CONTENT = b"0123456789"
DISPOSITION = disposition.content_disposition("für „alle“.csv")
CONTENT_TYPE = "text/csv; charset=utf-8"


@pytest.fixture
def objects(bucket: str) -> S3Objects:
    stored = S3Objects(bucket)
    stored.put(KEY, bytearray(CONTENT), crc32=zlib.crc32(CONTENT), content_type="text/plain", metadata={})
    return stored


def sign(server: S3Server, bucket: str, seconds: int = 60) -> str:
    client = server.client(signer._SIGNING)
    role = RoleSigner("arn:aws:iam::000000000000:role/signer", bucket, seconds, client, time.time() + 3600)
    return role.sign(KEY, content_disposition=DISPOSITION, content_type=CONTENT_TYPE).url


def test_a_url_gives_the_object_under_the_signed_name_and_type(s3_server: S3Server, objects: S3Objects) -> None:
    answer = get(sign(s3_server, objects.bucket))
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["content-disposition"] == DISPOSITION
    assert answer.headers["content-type"] == CONTENT_TYPE


def test_a_url_gives_ranges(s3_server: S3Server, objects: S3Objects) -> None:
    url = sign(s3_server, objects.bucket)
    part = get(url, {"Range": "bytes=2-4"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert get(url, {"Range": "bytes=50-"}).status == 416


def test_a_url_gives_one_version_with_if_match(s3_server: S3Server, objects: S3Objects) -> None:
    url, head = sign(s3_server, objects.bucket), objects.head(KEY)
    assert head is not None
    assert get(url, {"If-Match": head.etag}).status == 200
    assert get(url, {"If-Match": '"another"'}).status == 412


@pytest.mark.parametrize(
    ("signed", "changed"),
    [("csv", "exe"), ("X-Amz-Expires=60", "X-Amz-Expires=6000"), (KEY, "downloads/another")],
    ids=["file name", "expiry", "key"],
)
def test_a_changed_url_is_refused(s3_server: S3Server, objects: S3Objects, signed: str, changed: str) -> None:
    url = sign(s3_server, objects.bucket)
    assert signed in url
    answer = get(url.replace(signed, changed))
    assert (answer.status, b"SignatureDoesNotMatch" in answer.body) == (403, True)


def test_the_object_is_refused_without_a_signature(s3_server: S3Server, objects: S3Objects) -> None:
    assert get(sign(s3_server, objects.bucket).partition("?")[0]).status == 403


def test_a_url_expires_at_its_own_time(s3_server: S3Server, objects: S3Objects) -> None:
    url = sign(s3_server, objects.bucket, seconds=1)
    answer = wait_for(lambda: get(url), 10, until=lambda answer: answer.status != 200)
    assert answer.status == 403
