"""The adapter of the bucket and its fake keep the same contract; the requests are those that AWS requires."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from runtime.adapters import aws
from runtime.adapters.objects import ONCE, PATIENT, S3Objects
from runtime.errors import InvalidPartError, ObjectExistsError, StorageError, UploadGoneError
from runtime.logic.copying import cleanup, crc32
from runtime.models import crc32_text
from runtime.ports import Objects, Part
from tests.runtime.support.fakes import FakeClock, FakeObjects
from tests.runtime.support.fakes.objects import MIN_PART_SIZE
from tests.runtime.support.in_process import InProcess

KEY = "downloads/a b+ü"
METADATA = {"download-id": "abc"}


@pytest.fixture(params=["fake", "s3"])
def objects(request: pytest.FixtureRequest) -> Iterator[Objects]:
    """Return an empty bucket, fake or on the emulator's S3."""
    if request.param == "fake":
        yield FakeObjects("COMPOSITE")
        return
    request.getfixturevalue("in_process").client("s3").create_bucket(Bucket="bucket")
    yield S3Objects("bucket")


def put_object(objects: Objects, body: bytes = b"abc", crc: int | None = None) -> object:
    """Put a small object."""
    content = bytearray(body)
    checksum = zlib.crc32(content) if crc is None else crc
    return objects.put(KEY, content, crc32=checksum, content_type="text/csv", metadata=METADATA)


def upload_parts(objects: Objects, *chunks: bytes) -> tuple[str, list[Part]]:
    """Create a multipart upload and store these parts."""
    upload_id = objects.create_upload(KEY, content_type="text/csv", metadata=METADATA)
    parts = []
    for number, chunk in enumerate(chunks, 1):
        crc, body = zlib.crc32(chunk), bytearray(chunk)
        etag = objects.upload_part(KEY, upload_id, number=number, body=body, crc32=crc)
        parts.append(Part(number, etag, len(chunk), crc))
    return upload_id, parts


def test_head_returns_size_metadata_and_checksum(objects: Objects) -> None:
    put_object(objects)
    head = objects.head(KEY)
    assert head is not None
    assert (head.size, head.metadata, head.checksum) == (3, METADATA, crc32_text(zlib.crc32(b"abc")))


def test_empty_object_is_stored(objects: Objects) -> None:
    put_object(objects, b"")
    head = objects.head(KEY)
    assert head is not None
    assert (head.size, head.checksum) == (0, "AAAAAA==")


def test_object_is_never_overwritten(objects: Objects) -> None:
    put_object(objects)
    with pytest.raises(ObjectExistsError):
        put_object(objects, b"other")
    upload_id, parts = upload_parts(objects, b"x" * 10)
    with pytest.raises(ObjectExistsError):
        objects.complete(KEY, upload_id, parts=parts)
    head = objects.head(KEY)
    assert head is not None
    assert head.size == 3


def test_bytes_that_differ_from_their_checksum_are_refused(objects: Objects) -> None:
    with pytest.raises(StorageError, match="BadDigest"):
        put_object(objects, b"abc", crc=1)
    upload_id, _ = upload_parts(objects)
    with pytest.raises(StorageError, match="BadDigest"):
        objects.upload_part(KEY, upload_id, number=1, body=bytearray(b"abc"), crc32=1)
    assert objects.head(KEY) is None


def test_multipart_upload_becomes_one_object_with_its_checksum(objects: Objects) -> None:
    upload_id, parts = upload_parts(objects, b"a" * MIN_PART_SIZE, b"b" * 50)
    assert objects.has_upload(KEY, upload_id)
    objects.complete(KEY, upload_id, parts=parts)
    head = objects.head(KEY)
    assert head is not None
    assert (head.size, head.metadata, head.checksum_type) == (MIN_PART_SIZE + 50, METADATA, "COMPOSITE")
    assert head.checksum == crc32.composite(parts)


@pytest.fixture(params=["fake", "s3 stub"])
def strict_objects(request: pytest.FixtureRequest) -> Objects:
    """Return an empty bucket that requires 5 MiB of each part but the last, as MiniStack does not."""
    if request.param == "fake":
        return FakeObjects()
    request.getfixturevalue("s3_stub")
    return S3Objects("bucket")


@pytest.mark.parametrize("short", [0, 1])
def test_short_part_before_the_last_is_refused_and_the_upload_stays(strict_objects: Objects, short: int) -> None:
    sizes = [MIN_PART_SIZE, MIN_PART_SIZE, 1]
    sizes[short] -= 1
    upload_id, parts = upload_parts(strict_objects, *(bytes(size) for size in sizes))
    with pytest.raises(StorageError, match="EntityTooSmall"):
        strict_objects.complete(KEY, upload_id, parts=parts)
    assert strict_objects.has_upload(KEY, upload_id)
    body = bytearray(MIN_PART_SIZE)
    strict_objects.upload_part(KEY, upload_id, number=short + 1, body=body, crc32=zlib.crc32(body))
    strict_objects.complete(KEY, upload_id, parts=strict_objects.list_parts(KEY, upload_id))
    assert strict_objects.head(KEY) is not None


def test_aborted_upload_is_gone_and_can_be_aborted_again(objects: Objects) -> None:
    upload_id, _ = upload_parts(objects, b"a" * 10)
    cleanup.abort_until_gone(objects, FakeClock(), KEY, upload_id)
    assert not objects.has_upload(KEY, upload_id)
    cleanup.abort_until_gone(objects, FakeClock(), KEY, upload_id)
    with pytest.raises(UploadGoneError):
        objects.upload_part(KEY, upload_id, number=1, body=bytearray(b"a"), crc32=zlib.crc32(b"a"))


def test_only_the_downloads_own_object_is_deleted(objects: Objects) -> None:
    assert not cleanup.delete_if_ours(objects, KEY, "abc")
    put_object(objects)
    assert not cleanup.delete_if_ours(objects, KEY, "other")
    assert objects.head(KEY) is not None
    assert cleanup.delete_if_ours(objects, KEY, "abc")
    assert objects.head(KEY) is None


def last_headers(cloud: InProcess) -> dict[str, str]:
    """Return the headers of the last request, with names in lower case."""
    headers = cloud.requests[-1].headers.items()
    return {name.lower(): value.decode() if isinstance(value, bytes) else str(value) for name, value in headers}


def test_requests_carry_checksums_and_if_none_match_and_no_trailers(in_process: InProcess) -> None:
    in_process.client("s3").create_bucket(Bucket="bucket")
    objects = S3Objects("bucket")
    upload_id = objects.create_upload(KEY, content_type="text/csv", metadata=METADATA)
    create_headers = last_headers(in_process)
    assert create_headers["x-amz-checksum-algorithm"] == "CRC32"
    assert create_headers["x-amz-checksum-type"] == "FULL_OBJECT"
    assert create_headers["x-amz-meta-download-id"] == "abc"
    crc, body = zlib.crc32(b"abc"), bytearray(b"abc")
    part = Part(1, objects.upload_part(KEY, upload_id, number=1, body=body, crc32=crc), 3, crc)
    part_headers = last_headers(in_process)
    assert part_headers["x-amz-checksum-crc32"] == crc32_text(crc)
    assert part_headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert not {"x-amz-trailer", "transfer-encoding", "content-encoding", "expect"} & set(part_headers)
    assert in_process.requests[-1].body is body
    objects.complete(KEY, upload_id, parts=[part])
    complete_headers = last_headers(in_process)
    assert complete_headers["if-none-match"] == "*"
    assert complete_headers["x-amz-mp-object-size"] == "3"
    objects.delete(KEY)
    put_object(objects)
    assert any(request.method == "PUT" and "If-None-Match" in request.headers for request in in_process.requests)


def test_storage_error_names_call_and_code_without_the_url(in_process: InProcess) -> None:
    assert not in_process.requests
    objects = S3Objects("no-such-bucket")
    with pytest.raises(StorageError) as caught:
        objects.create_upload(KEY, content_type="text/csv", metadata={})
    assert str(caught.value) == "create_multipart_upload: NoSuchBucket"
    assert caught.value.__suppress_context__


def test_client_of_the_bucket_attempts_five_times(in_process: InProcess) -> None:
    assert not in_process.requests
    with pytest.raises(StorageError):
        S3Objects("no-such-bucket").delete("x")
    assert aws.client("s3", PATIENT).meta.config.retries == {"mode": "standard", "total_max_attempts": 5}


def test_client_for_streamed_bodies_attempts_once(in_process: InProcess) -> None:
    """Botocore would send only the rest of a body that it cannot rewind."""
    assert not in_process.requests
    assert aws.client("s3", ONCE).meta.config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert aws.client("s3", ONCE).meta.config.read_timeout == PATIENT.read_timeout


def test_parts_are_listed_after_a_number_and_up_to_a_limit(objects: Objects) -> None:
    chunks = [bytes([number]) * (MIN_PART_SIZE + number) for number in range(5)]
    upload_id, parts = upload_parts(objects, *chunks)
    listed = objects.list_parts(KEY, upload_id)
    assert [(part.number, part.size, part.crc32) for part in listed] == [
        (stored.number, stored.size, stored.crc32) for stored in parts
    ]
    assert [part.number for part in objects.list_parts(KEY, upload_id, after=2)] == [3, 4, 5]
    assert [part.number for part in objects.list_parts(KEY, upload_id, after=1, max_parts=2)] == [2, 3]
    assert objects.list_parts(KEY, upload_id, after=5) == []
    objects.complete(KEY, upload_id, parts=listed)
    with pytest.raises(UploadGoneError):
        objects.list_parts(KEY, upload_id)


@pytest.mark.parametrize("page", [1, 2, 5, 1000])
def test_every_page_of_a_listing_is_read(in_process: InProcess, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    in_process.client("s3").create_bucket(Bucket="bucket")
    monkeypatch.setattr("runtime.adapters.objects._PAGE", page)
    objects = S3Objects("bucket")
    upload_id, parts = upload_parts(objects, *[b"x"] * 5)
    in_process.requests.clear()
    assert objects.list_parts(KEY, upload_id) == parts
    assert len(in_process.requests) == -(-5 // page)
    assert [part.number for part in objects.list_parts(KEY, upload_id, after=1, max_parts=3)] == [2, 3, 4]


def test_part_stored_again_is_refused_until_it_is_listed_again(objects: Objects) -> None:
    upload_id, parts = upload_parts(objects, b"1" * MIN_PART_SIZE, b"two")
    body = bytearray(b"2wo")
    objects.upload_part(KEY, upload_id, number=2, body=body, crc32=zlib.crc32(body))
    with pytest.raises(InvalidPartError):
        objects.complete(KEY, upload_id, parts=parts)
    objects.complete(KEY, upload_id, parts=objects.list_parts(KEY, upload_id))
