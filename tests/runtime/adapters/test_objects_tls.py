"""The bucket's adapter over TLS, on an S3 that is as strict as the real one."""

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


def put(body: bytes = b"abc") -> ObjectHead:
    """One small object."""
    content = bytearray(body)
    return OBJECTS.put(KEY, content, crc32=zlib.crc32(content), content_type="text/csv", metadata=OWNER)


def begin() -> str:
    """An upload."""
    return OBJECTS.create_upload(KEY, content_type="text/csv", metadata=OWNER)


def store(upload_id: str, number: int, body: bytearray) -> Part:
    """One part."""
    crc = zlib.crc32(body)
    return Part(number, OBJECTS.upload_part(KEY, upload_id, number=number, body=body, crc32=crc), len(body), crc)


def two_parts(upload_id: str) -> list[Part]:
    """The shortest upload of more than one part."""
    return [store(upload_id, 1, LARGE), store(upload_id, 2, bytearray(b"the end"))]


@pytest.mark.usefixtures("s3_stub")
def test_an_upload_ends_as_an_object_with_the_checksum_of_the_whole() -> None:
    """FULL_OBJECT, which the emulator does not keep."""
    upload_id = begin()
    parts = two_parts(upload_id)
    assert OBJECTS.list_parts(KEY, upload_id) == parts
    OBJECTS.complete(KEY, upload_id, parts=parts)
    head = OBJECTS.head(KEY)
    whole = zlib.crc32(LARGE + b"the end")
    assert head is not None
    assert (head.size, head.metadata) == (len(LARGE) + 7, OWNER)
    assert (head.checksum, head.checksum_type) == (crc32_text(whole), "FULL_OBJECT")
    assert crc32.whole(parts) == whole


@pytest.mark.parametrize("body", [b"", b"abc"])
def test_a_small_object_is_put_with_its_checksum(s3_stub: S3Stub, body: bytes) -> None:
    """And S3's answer is its head."""
    head = put(body)
    assert (head.size, head.checksum, head.checksum_type) == (len(body), crc32_text(zlib.crc32(body)), "FULL_OBJECT")
    assert s3_stub.bucket.objects[KEY].content == body
    assert s3_stub.calls == {"PutObject": 1}
    assert OBJECTS.head(KEY) == head


def test_a_part_in_memory_is_neither_hashed_twice_nor_sent_in_chunks(s3_stub: S3Stub) -> None:
    """Its CRC-32 is known, and TLS keeps the rest."""
    store(begin(), 1, LARGE)
    sent = s3_stub.requests[-1].headers
    assert (sent["x-amz-content-sha256"], sent["content-length"]) == ("UNSIGNED-PAYLOAD", str(len(LARGE)))
    assert not {"content-encoding", "transfer-encoding", "x-amz-trailer"} & set(sent)


def test_a_part_in_memory_survives_a_request_timeout(s3_stub: S3Stub) -> None:
    """A 400, and still the SDK sends it again."""
    upload_id = begin()
    s3_stub.faults.refuse("UploadPart", 400, "RequestTimeout", times=2)
    assert len(two_parts(upload_id)) == 2
    assert s3_stub.calls["UploadPart"] == 4


@pytest.mark.parametrize("fault", ["slow_down", "cut", "lose_reply"])
def test_a_part_in_memory_survives_what_passes(s3_stub: S3Stub, fault: str) -> None:
    """The SDK has the bytes and sends them again."""
    upload_id = begin()
    getattr(s3_stub.faults, fault)("UploadPart")
    part = store(upload_id, 1, LARGE)
    assert s3_stub.calls["UploadPart"] == 2
    assert OBJECTS.list_parts(KEY, upload_id) == [part]


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart", "ListParts", "HeadObject", "PutObject"])
def test_an_s3_that_stays_busy_is_a_storage_error(s3_stub: S3Stub, operation: str) -> None:
    """After five tries, with S3's code."""
    upload_id = begin()
    s3_stub.faults.slow_down(operation, times=5)
    s3_stub.calls.clear()
    calls: dict[str, Callable[[], object]] = {
        "CreateMultipartUpload": begin,
        "UploadPart": lambda: store(upload_id, 1, LARGE),
        "ListParts": lambda: OBJECTS.list_parts(KEY, upload_id),
        "HeadObject": lambda: OBJECTS.head(KEY),
        "PutObject": put,
    }
    with pytest.raises(StorageError, match=r"SlowDown|503"):  # an answer to HEAD has no body to name a code in
        calls[operation]()
    assert s3_stub.calls[operation] == 5
    assert s3_stub.faults.remaining == 0


def test_a_small_object_whose_reply_was_lost_exists(s3_stub: S3Stub) -> None:
    """The SDK's second try meets the first: whoever asked has to compare."""
    s3_stub.faults.lose_reply("PutObject")
    with pytest.raises(ObjectExistsError):
        put()
    head = OBJECTS.head(KEY)
    assert head is not None
    assert (head.checksum, head.metadata) == (crc32_text(zlib.crc32(b"abc")), OWNER)


def test_a_completion_whose_reply_was_lost_exists(s3_stub: S3Stub) -> None:
    """The same with parts."""
    upload_id = begin()
    parts = two_parts(upload_id)
    s3_stub.faults.lose_reply("CompleteMultipartUpload")
    with pytest.raises(ObjectExistsError):
        OBJECTS.complete(KEY, upload_id, parts=parts)
    assert OBJECTS.head(KEY) is not None
    assert not OBJECTS.has_upload(KEY, upload_id)


def test_a_completion_that_fails_behind_its_200_is_tried_again(s3_stub: S3Stub) -> None:
    """S3 sends the status before it has put the parts together."""
    upload_id = begin()
    parts = two_parts(upload_id)
    s3_stub.faults.refuse_in_200("CompleteMultipartUpload", "InternalError")
    OBJECTS.complete(KEY, upload_id, parts=parts)
    assert s3_stub.calls["CompleteMultipartUpload"] == 2
    assert OBJECTS.head(KEY) is not None


@pytest.mark.usefixtures("s3_stub")
def test_an_object_is_never_overwritten() -> None:
    """412, by either way of writing; the upload is still there to be aborted."""
    put()
    with pytest.raises(ObjectExistsError):
        put(b"other")
    upload_id = begin()
    parts = two_parts(upload_id)
    with pytest.raises(ObjectExistsError):
        OBJECTS.complete(KEY, upload_id, parts=parts)
    assert OBJECTS.has_upload(KEY, upload_id)


@pytest.mark.usefixtures("s3_stub")
def test_a_part_that_was_stored_again_is_not_the_listed_one() -> None:
    """A late worker; with KMS even the same bytes have another ETag."""
    upload_id = begin()
    parts = two_parts(upload_id)
    store(upload_id, 1, LARGE)
    with pytest.raises(InvalidPartError):
        OBJECTS.complete(KEY, upload_id, parts=parts)
    OBJECTS.complete(KEY, upload_id, parts=OBJECTS.list_parts(KEY, upload_id))


def test_parts_that_s3_does_not_take_are_no_object(s3_stub: S3Stub) -> None:
    """Too small, in the wrong order, none."""
    upload_id = begin()
    large, small = two_parts(upload_id)
    last = store(upload_id, 3, bytearray(b"."))
    for parts, code in ([small, last], "EntityTooSmall"), ([small, large], "InvalidPartOrder"), ([], "MalformedXML"):
        with pytest.raises(StorageError, match=code):
            OBJECTS.complete(KEY, upload_id, parts=parts)
    assert not s3_stub.bucket.objects


def test_ten_thousand_parts_are_ten_pages(s3_stub: S3Stub) -> None:
    """However many are asked for at once, S3 gives a thousand."""
    upload_id = begin()
    held = s3_stub.bucket.uploads[upload_id].parts
    held.update({number: StoredPart(number, f'"{number}"', 1, number) for number in range(1, 10_001)})
    assert [part.number for part in OBJECTS.list_parts(KEY, upload_id)] == list(range(1, 10_001))
    assert s3_stub.calls["ListParts"] == 10
    assert [part.number for part in OBJECTS.list_parts(KEY, upload_id, after=8_999, max_parts=5)] == [
        *range(9_000, 9_005)
    ]


@pytest.mark.usefixtures("s3_stub")
def test_an_upload_that_is_gone_is_told_apart() -> None:
    """By whoever writes, lists, or completes."""
    upload_id = begin()
    parts = two_parts(upload_id)
    OBJECTS.abort(KEY, upload_id)
    OBJECTS.abort(KEY, upload_id)
    calls: list[Callable[[], object]] = [
        lambda: store(upload_id, 1, LARGE),
        lambda: OBJECTS.list_parts(KEY, upload_id),
        lambda: OBJECTS.complete(KEY, upload_id, parts=parts),
    ]
    for call in calls:
        with pytest.raises(UploadGoneError):
            call()


def test_an_abort_goes_on_until_a_part_in_flight_has_landed(s3_stub: S3Stub) -> None:
    """It brings the upload back."""
    upload_id = begin()
    s3_stub.faults.before("UploadPart", lambda: OBJECTS.abort(KEY, upload_id))
    store(upload_id, 1, bytearray(b"late"))
    assert OBJECTS.has_upload(KEY, upload_id)
    cleanup.abort_until_gone(OBJECTS, FakeClock(), KEY, upload_id)
    assert not s3_stub.bucket.uploads


def test_no_right_to_look_is_not_the_same_as_nothing_there(s3_stub: S3Stub) -> None:
    """403 is not 404: S3 hides what is missing from who may not list."""
    s3_stub.faults.refuse("HeadObject", 403, "Forbidden")
    with pytest.raises(StorageError, match="403"):
        OBJECTS.head(KEY)
    assert OBJECTS.head(KEY) is None
