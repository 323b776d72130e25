"""The adapter for S3 on versitygw."""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Callable, Sequence

import pytest

from runtime.adapters.objects import S3Objects
from runtime.errors import InvalidPartError, ObjectExistsError, StorageError, UploadGoneError
from runtime.logic.copying import cleanup
from runtime.models import crc32_text
from runtime.ports import Part
from tests.runtime.support.fakes import FakeClock

KEY = "downloads/a b+ü"
OWNER = {"download-id": "abc"}
MIB = 1024**2
LARGE = random.Random(1).randbytes(5 * MIB)  # the minimum size of parts before the last
LAST = b"the end"


class StreamedBody:
    """A body that can be read once, like a part that is streamed from its origin."""

    def __init__(self, content: bytes) -> None:
        self._content, self._position, self.crc32 = content, 0, 0

    def __len__(self) -> int:
        return len(self._content)

    def read(self, size: int = -1) -> bytes:
        end = len(self._content) if size < 0 else self._position + size
        piece = self._content[self._position : end]
        self._position += len(piece)
        self.crc32 = zlib.crc32(piece, self.crc32)
        return piece


@pytest.fixture
def objects(bucket: str) -> S3Objects:
    return S3Objects(bucket)


def put(objects: S3Objects, body: bytes, *, key: str = KEY, crc32: int | None = None) -> str | None:
    expected = zlib.crc32(body) if crc32 is None else crc32
    return objects.put(key, bytearray(body), crc32=expected, content_type="text/csv", metadata=OWNER).checksum


def create_upload(objects: S3Objects, key: str = KEY) -> str:
    return objects.create_upload(key, content_type="text/csv", metadata=OWNER)


def upload_parts(objects: S3Objects, upload_id: str, bodies: Sequence[bytes], key: str = KEY) -> list[Part]:
    parts = []
    for number, body in enumerate(bodies, 1):
        crc32 = zlib.crc32(body)
        etag = objects.upload_part(key, upload_id, number=number, body=bytearray(body), crc32=crc32)
        parts.append(Part(number, etag, len(body), crc32))
    return parts


def test_a_missing_object_has_no_head_and_is_deleted_without_an_error(objects: S3Objects) -> None:
    assert objects.head(KEY) is None
    objects.delete(KEY)


@pytest.mark.parametrize("body", [b"", b"abc"], ids=["empty", "small"])
def test_a_stored_object_has_its_size_metadata_and_checksum(objects: S3Objects, body: bytes) -> None:
    checksum = crc32_text(zlib.crc32(body))
    assert put(objects, body) == checksum
    head = objects.head(KEY)
    assert head is not None
    assert (head.size, dict(head.metadata), head.checksum) == (len(body), OWNER, checksum)
    assert head.checksum_type == "FULL_OBJECT"


def test_an_object_is_not_overwritten(objects: S3Objects) -> None:
    put(objects, b"first")
    with pytest.raises(ObjectExistsError):
        put(objects, b"second")
    assert put(objects, b"another", key="downloads/another")


def test_bytes_of_another_checksum_are_not_stored(objects: S3Objects) -> None:
    with pytest.raises(StorageError) as raised:
        put(objects, b"abc", crc32=1)
    assert raised.value.code == "BadDigest"
    assert objects.head(KEY) is None


def test_a_part_of_another_checksum_is_not_stored(objects: S3Objects) -> None:
    upload_id = create_upload(objects)
    with pytest.raises(StorageError) as raised:
        objects.upload_part(KEY, upload_id, number=1, body=bytearray(b"abc"), crc32=1)
    assert raised.value.code == "BadDigest"
    assert objects.list_parts(KEY, upload_id) == []


def test_parts_become_one_object_with_the_checksum_of_the_whole(objects: S3Objects) -> None:
    upload_id = create_upload(objects)
    parts = upload_parts(objects, upload_id, [LARGE, LAST])
    assert objects.list_parts(KEY, upload_id) == parts
    assert objects.list_parts(KEY, upload_id, after=1) == parts[1:]
    assert objects.has_upload(KEY, upload_id)
    objects.complete(KEY, upload_id, parts=parts)
    head = objects.head(KEY)
    assert head is not None
    assert (head.size, dict(head.metadata)) == (len(LARGE) + len(LAST), OWNER)
    assert (head.checksum, head.checksum_type) == (crc32_text(zlib.crc32(LARGE + LAST)), "FULL_OBJECT")


def test_a_streamed_part_is_stored_with_the_checksum_of_its_trailer(objects: S3Objects) -> None:
    upload_id, body = create_upload(objects), StreamedBody(LARGE * 2)
    etag = objects.stream_part(KEY, upload_id, number=1, body=body)
    parts = [Part(1, etag, len(body), zlib.crc32(LARGE * 2))]
    assert objects.list_parts(KEY, upload_id) == parts
    objects.complete(KEY, upload_id, parts=parts)
    head = objects.head(KEY)
    assert head is not None
    assert head.checksum == crc32_text(zlib.crc32(LARGE * 2))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda part: Part(part.number, '"0123456789abcdef0123456789abcdef"', part.size, part.crc32),
        lambda part: Part(part.number, part.etag, part.size, 7),
    ],
    ids=["etag", "checksum"],
)
def test_a_part_that_was_replaced_is_invalid_at_completion(objects: S3Objects, wrong: Callable[[Part], Part]) -> None:
    upload_id = create_upload(objects)
    first, second = upload_parts(objects, upload_id, [LARGE, LAST])
    with pytest.raises(InvalidPartError):
        objects.complete(KEY, upload_id, parts=[first, wrong(second)])
    assert objects.has_upload(KEY, upload_id)


def test_another_size_than_the_parts_have_is_refused_at_completion(objects: S3Objects) -> None:
    upload_id = create_upload(objects)
    first, second = upload_parts(objects, upload_id, [LARGE, LAST])
    with pytest.raises(StorageError):
        objects.complete(KEY, upload_id, parts=[first, Part(2, second.etag, 5, second.crc32)])
    assert objects.head(KEY) is None


def test_completion_does_not_overwrite_an_object(objects: S3Objects) -> None:
    upload_id = create_upload(objects)
    parts = upload_parts(objects, upload_id, [LAST])
    put(objects, b"first")
    with pytest.raises(ObjectExistsError):
        objects.complete(KEY, upload_id, parts=parts)


def test_completion_again_changes_nothing(objects: S3Objects) -> None:
    """AWS repeats its first answer or says that the object exists; versitygw repeats it."""
    upload_id = create_upload(objects)
    parts = upload_parts(objects, upload_id, [LAST])
    objects.complete(KEY, upload_id, parts=parts)
    before = objects.head(KEY)
    with contextlib.suppress(ObjectExistsError, UploadGoneError):
        objects.complete(KEY, upload_id, parts=parts)
    assert objects.head(KEY) == before


def test_a_part_below_5_mib_that_is_not_the_last_is_refused_at_completion(objects: S3Objects) -> None:
    upload_id = create_upload(objects)
    parts = upload_parts(objects, upload_id, [LARGE[:-1], LAST])
    with pytest.raises(StorageError) as raised:
        objects.complete(KEY, upload_id, parts=parts)
    assert raised.value.code == "EntityTooSmall"


def test_more_parts_than_one_page_are_all_listed(objects: S3Objects) -> None:
    upload_id = create_upload(objects)
    for number in range(1, 1006):
        objects.upload_part(KEY, upload_id, number=number, body=bytearray(b"x"), crc32=zlib.crc32(b"x"))
    assert [part.number for part in objects.list_parts(KEY, upload_id)] == list(range(1, 1006))
    assert [part.number for part in objects.list_parts(KEY, upload_id, after=1003)] == [1004, 1005]


def test_an_aborted_upload_is_gone(objects: S3Objects) -> None:
    upload_id = create_upload(objects)
    upload_parts(objects, upload_id, [LAST])
    cleanup.abort_until_gone(objects, FakeClock(), KEY, upload_id)
    objects.abort(KEY, upload_id)
    assert not objects.has_upload(KEY, upload_id)
    with pytest.raises(UploadGoneError):
        objects.list_parts(KEY, upload_id)
    with pytest.raises(UploadGoneError):
        upload_parts(objects, upload_id, [LAST])


def test_only_the_download_that_stored_an_object_deletes_it(objects: S3Objects) -> None:
    put(objects, b"abc")
    assert not cleanup.delete_if_ours(objects, KEY, "another")
    assert objects.head(KEY) is not None
    assert cleanup.delete_if_ours(objects, KEY, OWNER["download-id"])
    assert objects.head(KEY) is None
