"""The adapter of the bucket over TLS, against the strict S3 stub."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from runtime.adapters.objects import S3Objects
from runtime.errors import InvalidPartError, ObjectExistsError, StorageError, UploadGoneError
from runtime.logic.copying import cleanup, crc32
from runtime.models import crc32_text
from runtime.ports import ObjectHead, Part
from tests.runtime.support.fakes import FakeClock
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.s3_stub.stored import StoredPart

KEY = "downloads/a b+ü"
OWNER = {"download-id": "abc"}
OBJECTS = S3Objects("bucket")
LARGE = bytearray(bytes(range(256)) * 4096 * 5)  # the smallest part that is not the last


def put_object(body: bytes = b"abc") -> ObjectHead:
    """Put a small object."""
    content = bytearray(body)
    return OBJECTS.put(KEY, content, crc32=zlib.crc32(content), content_type="text/csv", metadata=OWNER)


def create_upload() -> str:
    """Create a multipart upload."""
    return OBJECTS.create_upload(KEY, content_type="text/csv", metadata=OWNER)


def store_part(upload_id: str, number: int, body: bytearray) -> Part:
    """Store a part."""
    crc = zlib.crc32(body)
    return Part(number, OBJECTS.upload_part(KEY, upload_id, number=number, body=body, crc32=crc), len(body), crc)


def store_two_parts(upload_id: str) -> list[Part]:
    """Store the shortest upload of more than one part."""
    return [store_part(upload_id, 1, LARGE), store_part(upload_id, 2, bytearray(b"the end"))]


@pytest.mark.usefixtures("s3_stub")
def test_completed_upload_has_the_checksum_of_the_whole() -> None:
    """The emulator does not keep the type FULL_OBJECT."""
    upload_id = create_upload()
    parts = store_two_parts(upload_id)
    assert OBJECTS.list_parts(KEY, upload_id) == parts
    OBJECTS.complete(KEY, upload_id, parts=parts)
    head = OBJECTS.head(KEY)
    checksum = zlib.crc32(LARGE + b"the end")
    assert head is not None
    assert (head.size, head.metadata) == (len(LARGE) + 7, OWNER)
    assert (head.checksum, head.checksum_type) == (crc32_text(checksum), "FULL_OBJECT")
    assert crc32.whole(parts) == checksum


@pytest.mark.parametrize("body", [b"", b"abc"])
def test_small_object_is_put_with_its_checksum(s3_stub: S3Stub, body: bytes) -> None:
    head = put_object(body)
    assert (head.size, head.checksum, head.checksum_type) == (len(body), crc32_text(zlib.crc32(body)), "FULL_OBJECT")
    assert s3_stub.bucket.objects[KEY].content == body
    assert s3_stub.calls == {"PutObject": 1}
    assert OBJECTS.head(KEY) == head


def test_part_in_memory_is_neither_hashed_twice_nor_sent_in_chunks(s3_stub: S3Stub) -> None:
    store_part(create_upload(), 1, LARGE)
    headers = s3_stub.requests[-1].headers
    assert (headers["x-amz-content-sha256"], headers["content-length"]) == ("UNSIGNED-PAYLOAD", str(len(LARGE)))
    assert not {"content-encoding", "transfer-encoding", "x-amz-trailer"} & set(headers)


def test_part_in_memory_is_sent_again_after_a_request_timeout(s3_stub: S3Stub) -> None:
    """RequestTimeout is a 400 that the SDK retries."""
    upload_id = create_upload()
    s3_stub.faults.refuse("UploadPart", 400, "RequestTimeout", times=2)
    assert len(store_two_parts(upload_id)) == 2
    assert s3_stub.calls["UploadPart"] == 4


@pytest.mark.parametrize("fault", ["slow_down", "cut", "lose_reply"])
def test_part_in_memory_is_sent_again_after_a_transient_fault(s3_stub: S3Stub, fault: str) -> None:
    upload_id = create_upload()
    getattr(s3_stub.faults, fault)("UploadPart")
    part = store_part(upload_id, 1, LARGE)
    assert s3_stub.calls["UploadPart"] == 2
    assert OBJECTS.list_parts(KEY, upload_id) == [part]


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart", "ListParts", "HeadObject", "PutObject"])
def test_s3_that_stays_busy_is_a_storage_error_after_five_attempts(s3_stub: S3Stub, operation: str) -> None:
    upload_id = create_upload()
    s3_stub.faults.slow_down(operation, times=5)
    s3_stub.calls.clear()
    calls: dict[str, Callable[[], object]] = {
        "CreateMultipartUpload": create_upload,
        "UploadPart": lambda: store_part(upload_id, 1, LARGE),
        "ListParts": lambda: OBJECTS.list_parts(KEY, upload_id),
        "HeadObject": lambda: OBJECTS.head(KEY),
        "PutObject": put_object,
    }
    with pytest.raises(StorageError, match=r"SlowDown|503"):  # an answer to HEAD has no body to name a code in
        calls[operation]()
    assert s3_stub.calls[operation] == 5
    assert s3_stub.faults.remaining == 0


def test_put_whose_response_was_lost_raises_object_exists(s3_stub: S3Stub) -> None:
    """The SDK's retry meets the object of its first attempt; the caller compares."""
    s3_stub.faults.lose_reply("PutObject")
    with pytest.raises(ObjectExistsError):
        put_object()
    head = OBJECTS.head(KEY)
    assert head is not None
    assert (head.checksum, head.metadata) == (crc32_text(zlib.crc32(b"abc")), OWNER)


def test_completion_whose_response_was_lost_raises_object_exists(s3_stub: S3Stub) -> None:
    upload_id = create_upload()
    parts = store_two_parts(upload_id)
    s3_stub.faults.lose_reply("CompleteMultipartUpload")
    with pytest.raises(ObjectExistsError):
        OBJECTS.complete(KEY, upload_id, parts=parts)
    assert OBJECTS.head(KEY) is not None
    assert not OBJECTS.has_upload(KEY, upload_id)


def test_completion_that_fails_after_status_200_is_retried(s3_stub: S3Stub) -> None:
    """S3 sends the status before it has put the parts together."""
    upload_id = create_upload()
    parts = store_two_parts(upload_id)
    s3_stub.faults.refuse_in_200("CompleteMultipartUpload", "InternalError")
    OBJECTS.complete(KEY, upload_id, parts=parts)
    assert s3_stub.calls["CompleteMultipartUpload"] == 2
    assert OBJECTS.head(KEY) is not None


@pytest.mark.usefixtures("s3_stub")
def test_object_is_never_overwritten_and_the_upload_stays() -> None:
    put_object()
    with pytest.raises(ObjectExistsError):
        put_object(b"other")
    upload_id = create_upload()
    parts = store_two_parts(upload_id)
    with pytest.raises(ObjectExistsError):
        OBJECTS.complete(KEY, upload_id, parts=parts)
    assert OBJECTS.has_upload(KEY, upload_id)


@pytest.mark.usefixtures("s3_stub")
def test_part_stored_again_is_not_the_listed_one() -> None:
    """With KMS even the same bytes get another ETag."""
    upload_id = create_upload()
    parts = store_two_parts(upload_id)
    store_part(upload_id, 1, LARGE)
    with pytest.raises(InvalidPartError):
        OBJECTS.complete(KEY, upload_id, parts=parts)
    OBJECTS.complete(KEY, upload_id, parts=OBJECTS.list_parts(KEY, upload_id))


def test_invalid_parts_make_no_object(s3_stub: S3Stub) -> None:
    upload_id = create_upload()
    large, small = store_two_parts(upload_id)
    last = store_part(upload_id, 3, bytearray(b"."))
    for parts, code in ([small, last], "EntityTooSmall"), ([small, large], "InvalidPartOrder"), ([], "MalformedXML"):
        with pytest.raises(StorageError, match=code):
            OBJECTS.complete(KEY, upload_id, parts=parts)
    assert not s3_stub.bucket.objects


def test_10000_parts_are_listed_in_ten_pages(s3_stub: S3Stub) -> None:
    upload_id = create_upload()
    stored_parts = s3_stub.bucket.uploads[upload_id].parts
    stored_parts.update({number: StoredPart(number, f'"{number}"', 1, number) for number in range(1, 10_001)})
    assert [part.number for part in OBJECTS.list_parts(KEY, upload_id)] == list(range(1, 10_001))
    assert s3_stub.calls["ListParts"] == 10
    assert [part.number for part in OBJECTS.list_parts(KEY, upload_id, after=8_999, max_parts=5)] == [
        *range(9_000, 9_005)
    ]


@pytest.mark.usefixtures("s3_stub")
def test_missing_upload_raises_upload_gone() -> None:
    upload_id = create_upload()
    parts = store_two_parts(upload_id)
    OBJECTS.abort(KEY, upload_id)
    OBJECTS.abort(KEY, upload_id)
    calls: list[Callable[[], object]] = [
        lambda: store_part(upload_id, 1, LARGE),
        lambda: OBJECTS.list_parts(KEY, upload_id),
        lambda: OBJECTS.complete(KEY, upload_id, parts=parts),
    ]
    for call in calls:
        with pytest.raises(UploadGoneError):
            call()


def test_abort_is_repeated_until_a_part_in_flight_has_ended(s3_stub: S3Stub) -> None:
    """A part in flight recreates an aborted upload."""
    upload_id = create_upload()
    s3_stub.faults.before("UploadPart", lambda: OBJECTS.abort(KEY, upload_id))
    store_part(upload_id, 1, bytearray(b"late"))
    assert OBJECTS.has_upload(KEY, upload_id)
    cleanup.abort_until_gone(OBJECTS, FakeClock(), KEY, upload_id)
    assert not s3_stub.bucket.uploads


def test_403_of_head_is_an_error_and_404_means_no_object(s3_stub: S3Stub) -> None:
    s3_stub.faults.refuse("HeadObject", 403, "Forbidden")
    with pytest.raises(StorageError, match="403"):
        OBJECTS.head(KEY)
    assert OBJECTS.head(KEY) is None
