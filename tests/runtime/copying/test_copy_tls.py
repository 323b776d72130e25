"""Whole copies from an HTTP origin into a strict S3 over TLS; with faults in small parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from localcloud.origin import Origin
from runtime.errors import OriginTruncatedError, StorageError
from runtime.logic.copying import plan
from tests.runtime.support.copying import is_failure
from tests.runtime.support.http_world import HttpWorld
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.world import KEY

PART = plan.MIB
STREAMED = 2 * PART + 5  # three parts
SLICED = 9 * PART + 5  # two slices, of eight parts and of two

Begin = Callable[..., HttpWorld]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """Return the origin server; the path selects its behaviour."""
    with Origin() as running:
        yield running


@pytest.fixture
def begin_download(s3_stub: S3Stub, origin: Origin) -> Begin:
    """Return a function that begins a download."""
    return lambda size, options="", part_size=PART: HttpWorld(s3_stub, origin, size, options, part_size=part_size)


@pytest.mark.parametrize("size", [0, 1, plan.MIN_PART, plan.MIN_PART + 1, 2 * plan.MIN_PART + 5])
@pytest.mark.parametrize("options", ["", "ranges=no", "length=no"])
def test_file_is_streamed_into_an_object(begin_download: Begin, size: int, options: str) -> None:
    """The parts have their real size."""
    download = begin_download(size, options, plan.MIN_PART)
    assert download.copy() == {"outcome": "STORED"}
    download.assert_stored()


def test_file_is_copied_in_slices_with_the_fewest_requests(begin_download: Begin) -> None:
    """The parts have their real size."""
    size = 9 * plan.MIN_PART + 5
    download = begin_download(size, part_size=plan.MIN_PART)
    assert download.copy_in_slices() == {"outcome": "STORED"}
    download.assert_stored()
    parts = plan.plan(size).part_count
    calls = {"CreateMultipartUpload": 1, "UploadPart": parts, "CompleteMultipartUpload": 1, "HeadObject": 1}
    assert download.stub.calls == calls | {"ListParts": 1 + download.slice_count}


MULTIPART = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "HeadObject"]


COPIES = [HttpWorld.copy, HttpWorld.copy_in_slices]


@pytest.mark.parametrize("operation", [*MULTIPART, "ListParts"])
@pytest.mark.parametrize("copy", COPIES, ids=["streamed", "slices"])
def test_copy_survives_throttling_by_s3(
    begin_download: Begin, copy: Callable[[HttpWorld], object], operation: str
) -> None:
    download = begin_download(SLICED)
    download.stub.faults.slow_down(operation, times=3)
    assert copy(download) == {"outcome": "STORED"}
    download.assert_stored()
    lists_parts = copy is HttpWorld.copy_in_slices
    assert download.stub.faults.remaining == (0 if lists_parts or operation != "ListParts" else 1)


def test_s3_that_stays_busy_leaves_nothing_and_the_next_attempt_succeeds(begin_download: Begin) -> None:
    download = begin_download(STREAMED)
    download.stub.faults.slow_down("UploadPart", times=100)
    with pytest.raises(StorageError, match="SlowDown"):
        download.copy()
    download.assert_nothing_left()
    download.stub.faults.clear()
    assert download.copy() == {"outcome": "STORED"}
    download.assert_stored()


@pytest.mark.parametrize(
    ("size", "copy"), [(5, COPIES[0]), (SLICED, COPIES[0]), (SLICED, COPIES[1])], ids=["small", "streamed", "slices"]
)
def test_copy_succeeds_although_the_last_response_was_lost(
    begin_download: Begin, copy: Callable[[HttpWorld], object], size: int
) -> None:
    """The SDK's retry gets 412; the object is verified."""
    download = begin_download(size)
    download.stub.faults.lose_reply("PutObject" if size == 5 else "CompleteMultipartUpload")
    assert copy(download) == {"outcome": "STORED"}
    download.assert_stored()


def test_streaming_succeeds_although_the_first_response_was_lost(begin_download: Begin) -> None:
    """The SDK creates a second upload; the bucket's lifecycle rule removes the first, which has no parts."""
    download = begin_download(STREAMED)
    download.stub.faults.lose_reply("CreateMultipartUpload")
    assert download.copy() == {"outcome": "STORED"}
    (lost_upload,) = download.stub.bucket.uploads.values()
    assert not lost_upload.parts
    download.stub.bucket.uploads.clear()
    download.assert_stored()


def test_completion_that_fails_after_status_200_is_retried(begin_download: Begin) -> None:
    download = begin_download(SLICED)
    download.stub.faults.refuse_in_200("CompleteMultipartUpload", "InternalError", times=2)
    assert download.copy_in_slices() == {"outcome": "STORED"}
    download.assert_stored()


@pytest.mark.parametrize("fault", ["cut", "lose_reply"])
@pytest.mark.parametrize("copy", COPIES, ids=["streamed", "slices"])
def test_broken_connection_to_s3_in_a_part_is_retried(
    begin_download: Begin, copy: Callable[[HttpWorld], object], fault: str
) -> None:
    download = begin_download(SLICED)
    getattr(download.stub.faults, fault)("UploadPart", part=2)
    assert copy(download) == {"outcome": "STORED"}
    download.assert_stored()


def test_conflict_at_completion_starts_the_copy_again(begin_download: Begin) -> None:
    """After 409 S3 requires all parts anew."""
    download = begin_download(SLICED)
    download.stub.faults.conflict("CompleteMultipartUpload")
    assert download.copy_in_slices() == {"outcome": "RESTART"}
    assert download.copy_in_slices() == {"outcome": "STORED"}
    download.assert_stored()


def test_object_of_another_writer_is_not_overwritten(begin_download: Begin) -> None:
    download = begin_download(5)
    assert download.copy() == {"outcome": "STORED"}
    object_before = download.stub.bucket.objects[KEY]
    second_download = begin_download(STREAMED)
    assert is_failure("STORAGE_ERROR", second_download.copy())
    assert download.stub.bucket.objects == {KEY: object_before}
    assert not download.stub.bucket.uploads


def test_part_stored_between_listing_and_completion_is_listed_again(begin_download: Begin) -> None:
    download = begin_download(SLICED)
    assert download.copy(fan_out=1)["outcome"] == "PLANNED"
    for index in range(download.slice_count):
        download.copy_slice(index)
    upload_id = download.row.upload_id
    assert upload_id is not None
    stored_parts = download.stub.bucket.uploads[upload_id].parts

    def store_late() -> None:
        stored_parts.pop(3)
        download.copy_slice(0)

    download.stub.faults.before("CompleteMultipartUpload", store_late)
    assert download.complete() == {"outcome": "STORED"}
    download.assert_stored()
    assert download.stub.calls["CompleteMultipartUpload"] == 2


def test_slice_of_a_killed_worker_is_continued_from_its_stored_parts(begin_download: Begin) -> None:
    download = begin_download(SLICED)
    assert download.copy(fan_out=1)["outcome"] == "PLANNED"
    download.stub.faults.refuse("UploadPart", 403, "RequestTimeTooSkewed", part=5)  # for this worker that was the end
    with pytest.raises(StorageError):
        download.copy_slice(0)
    assert download.row.upload_id is not None
    stored_numbers = set(download.stub.bucket.uploads[download.row.upload_id].parts)
    assert 5 not in stored_numbers
    download.stub.requests.clear()
    download.copy_slice(0)
    uploaded_numbers = {request.part for request in download.stub.requests if request.operation == "UploadPart"}
    assert uploaded_numbers == set(range(1, 9)) - stored_numbers
    download.copy_slice(1)
    assert download.complete() == {"outcome": "STORED"}
    download.assert_stored()


@pytest.mark.parametrize("options", ["status=503&times=1", "close_after=1100000&times=1", "short=500000&times=1"])
def test_origin_that_fails_once_is_retried(begin_download: Begin, options: str) -> None:
    download = begin_download(STREAMED, options)
    assert download.copy() == {"outcome": "STORED"}
    download.assert_stored()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("status=404", "ORIGIN_NOT_FOUND"),
        ("status=403", "ORIGIN_REFUSED"),
        ("status=500", "ORIGIN_ERROR"),
        ("close_after=1100000&ranges=no", "ORIGIN_TRUNCATED"),
        ("short=1&ranges=no", "ORIGIN_TRUNCATED"),
    ],
)
def test_origin_that_keeps_failing_is_a_typed_failure_and_leaves_nothing(
    begin_download: Begin, options: str, code: str
) -> None:
    download = begin_download(STREAMED, options)
    assert is_failure(code, download.copy())
    download.fail()
    download.assert_nothing_left()


def test_fail_aborts_the_upload_of_failed_slices(begin_download: Begin) -> None:
    download = begin_download(SLICED, "close_after=100")
    assert download.copy(fan_out=1)["outcome"] == "PLANNED"
    with pytest.raises(OriginTruncatedError):
        download.copy_slice(0)
    download.fail()
    download.assert_nothing_left()
    assert download.row.failure is not None
    assert download.row.failure.code == "ORIGIN_TRUNCATED"


def test_file_that_changes_between_slices_is_copied_again_without_ranges(begin_download: Begin) -> None:
    download = begin_download(SLICED, "change_after=3&grow=9")
    assert download.copy_in_slices() == {"outcome": "RESTART"}
    assert download.copy(fan_out=PART) == {"outcome": "STORED"}
    download.assert_stored(grown=9)


@pytest.mark.parametrize("options", ["max_range=700000", "if_match=412", "range_status=403", "range_status=500"])
def test_file_is_streamed_from_an_odd_origin(begin_download: Begin, options: str) -> None:
    download = begin_download(STREAMED, options)
    assert download.copy() == {"outcome": "STORED"}
    download.assert_stored()


@pytest.mark.parametrize("options", ["if_match=412", "range_status=403&after=1", "range_status=405&after=4"])
def test_slices_without_usable_ranges_are_streamed_instead(begin_download: Begin, options: str) -> None:
    download = begin_download(SLICED, options)
    assert download.copy_in_slices() == {"outcome": "RESTART"}
    assert download.copy(fan_out=PART) == {"outcome": "STORED"}
    download.assert_stored()


def test_slices_of_short_ranges_are_continued(begin_download: Begin) -> None:
    download = begin_download(SLICED, "max_range=300000")
    assert download.copy_in_slices() == {"outcome": "STORED"}
    download.assert_stored()
