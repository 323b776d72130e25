"""Whole copies from an HTTP origin into a strict S3 over TLS, in parts of their real size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from localcloud.origin import Origin
from runtime.errors import OriginTruncatedError, StorageError
from runtime.logic.copying import plan
from tests.runtime.support.copying import is_failure
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.whole import HttpWorld
from tests.runtime.support.world import KEY

STREAMED = 2 * plan.MIN_PART + 5  # three parts
SLICED = 9 * plan.MIN_PART + 5  # two slices, of eight parts and of two

Begin = Callable[..., HttpWorld]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """Our origin; what it does is asked for in the path."""
    with Origin() as running:
        yield running


@pytest.fixture
def begin(s3_stub: S3Stub, origin: Origin) -> Begin:
    """Begins a download."""
    return lambda size, options="": HttpWorld(s3_stub, origin, size, options)


@pytest.mark.parametrize("size", [0, 1, plan.MIN_PART, plan.MIN_PART + 1, STREAMED])
@pytest.mark.parametrize("options", ["", "ranges=no", "length=no"])
def test_a_file_is_streamed_into_an_object(begin: Begin, size: int, options: str) -> None:
    """Whole, of its size, with the checksum of the whole."""
    whole = begin(size, options)
    assert whole.copy() == {"outcome": "STORED"}
    whole.assert_stored()


def test_a_file_is_copied_in_slices(begin: Begin) -> None:
    """By as few requests as there can be."""
    whole = begin(SLICED)
    assert whole.copy_in_slices() == {"outcome": "STORED"}
    whole.assert_stored()
    parts = plan.plan(SLICED).part_count
    expected = {"CreateMultipartUpload": 1, "UploadPart": parts, "CompleteMultipartUpload": 1, "HeadObject": 1}
    assert whole.stub.calls == expected | {"ListParts": 1 + whole.slice_count}


MULTIPART = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "HeadObject"]


@pytest.mark.parametrize("operation", MULTIPART)
def test_streaming_outlives_an_s3_that_is_busy(begin: Begin, operation: str) -> None:
    """503 SlowDown, whatever was asked."""
    whole = begin(STREAMED)
    whole.stub.faults.slow_down(operation, times=3)
    assert whole.copy() == {"outcome": "STORED"}
    whole.assert_stored()
    assert whole.stub.faults.remaining == 0


@pytest.mark.parametrize("operation", [*MULTIPART, "ListParts"])
def test_slices_outlive_an_s3_that_is_busy(begin: Begin, operation: str) -> None:
    """The same for many workers."""
    whole = begin(SLICED)
    whole.stub.faults.slow_down(operation, times=3)
    assert whole.copy_in_slices() == {"outcome": "STORED"}
    whole.assert_stored()
    assert whole.stub.faults.remaining == 0


def test_an_s3_that_stays_busy_leaves_nothing_and_another_worker_succeeds(begin: Begin) -> None:
    """The state machine tries again."""
    whole = begin(STREAMED)
    whole.stub.faults.slow_down("UploadPart", times=100)
    with pytest.raises(StorageError, match="SlowDown"):
        whole.copy()
    whole.assert_nothing_left()
    whole.stub.faults.clear()
    assert whole.copy() == {"outcome": "STORED"}
    whole.assert_stored()


@pytest.mark.parametrize("size", [5, STREAMED])
def test_a_reply_that_was_lost_at_the_end_of_streaming(begin: Begin, size: int) -> None:
    """The SDK's second try is told 412; the object is ours, and verified."""
    whole = begin(size)
    whole.stub.faults.lose_reply("PutObject" if size == 5 else "CompleteMultipartUpload")
    assert whole.copy() == {"outcome": "STORED"}
    whole.assert_stored()


def test_a_reply_that_was_lost_at_the_end_of_slices(begin: Begin) -> None:
    """The same for many workers."""
    whole = begin(SLICED)
    whole.stub.faults.lose_reply("CompleteMultipartUpload")
    assert whole.copy_in_slices() == {"outcome": "STORED"}
    whole.assert_stored()


def test_a_reply_that_was_lost_at_the_beginning(begin: Begin) -> None:
    """The SDK begins another upload; the first has no parts, costs nothing and goes by the bucket's rule."""
    whole = begin(STREAMED)
    whole.stub.faults.lose_reply("CreateMultipartUpload")
    assert whole.copy() == {"outcome": "STORED"}
    (unknown,) = whole.stub.bucket.uploads.values()
    assert not unknown.parts
    whole.stub.bucket.uploads.clear()
    whole.assert_stored()


def test_a_completion_that_fails_behind_its_200(begin: Begin) -> None:
    """It is not taken for success."""
    whole = begin(SLICED)
    whole.stub.faults.refuse_in_200("CompleteMultipartUpload", "InternalError", times=2)
    assert whole.copy_in_slices() == {"outcome": "STORED"}
    whole.assert_stored()


@pytest.mark.parametrize("fault", ["cut", "lose_reply"])
@pytest.mark.parametrize("copy", [HttpWorld.copy, HttpWorld.copy_in_slices], ids=["streamed", "slices"])
def test_a_connection_to_s3_that_breaks_in_a_part(
    begin: Begin, copy: Callable[[HttpWorld], object], fault: str
) -> None:
    """Before S3 has it all, or after."""
    whole = begin(SLICED)
    getattr(whole.stub.faults, fault)("UploadPart", part=2)
    assert copy(whole) == {"outcome": "STORED"}
    whole.assert_stored()


def test_a_conflict_at_the_end_starts_the_copy_again(begin: Begin) -> None:
    """409: the parts are of no use any more, whether S3 has dropped them or not."""
    whole = begin(SLICED)
    whole.stub.faults.conflict("CompleteMultipartUpload")
    assert whole.copy_in_slices() == {"outcome": "RESTART"}
    assert whole.copy_in_slices() == {"outcome": "STORED"}
    whole.assert_stored()


def test_a_key_that_is_taken_is_not_overwritten(begin: Begin) -> None:
    """412 and no lost reply: somebody else's object."""
    whole = begin(5)
    assert whole.copy() == {"outcome": "STORED"}
    theirs = whole.stub.bucket.objects[KEY]
    other = begin(STREAMED)
    assert is_failure("STORAGE_ERROR", other.copy())
    assert whole.stub.bucket.objects == {KEY: theirs}
    assert not whole.stub.bucket.uploads


def test_a_late_worker_between_listing_and_completion(begin: Begin) -> None:
    """It stores a part again; its ETag is another: the parts are listed again."""
    whole = begin(SLICED)
    assert whole.copy(fan_out=1)["outcome"] == "PLANNED"
    for index in range(whole.slice_count):
        whole.copy_slice(index)
    upload_id = whole.row.upload_id
    assert upload_id is not None
    held = whole.stub.bucket.uploads[upload_id].parts

    def late() -> None:
        held.pop(3)
        whole.copy_slice(0)

    whole.stub.faults.before("CompleteMultipartUpload", late)
    assert whole.complete() == {"outcome": "STORED"}
    whole.assert_stored()
    assert whole.stub.calls["CompleteMultipartUpload"] == 2


def test_a_worker_that_was_killed_in_a_part_is_followed_by_one_that_copies_the_rest(begin: Begin) -> None:
    """What S3 holds is not fetched again."""
    whole = begin(SLICED)
    assert whole.copy(fan_out=1)["outcome"] == "PLANNED"
    whole.stub.faults.refuse("UploadPart", 403, "RequestTimeTooSkewed", part=5)  # for this worker that was the end
    with pytest.raises(StorageError):
        whole.copy_slice(0)
    assert whole.row.upload_id is not None
    held = set(whole.stub.bucket.uploads[whole.row.upload_id].parts)
    assert 5 not in held
    whole.stub.requests.clear()
    whole.copy_slice(0)
    stored = {request.part for request in whole.stub.requests if request.operation == "UploadPart"}
    assert stored == set(range(1, 9)) - held
    whole.copy_slice(1)
    assert whole.complete() == {"outcome": "STORED"}
    whole.assert_stored()


@pytest.mark.parametrize("options", ["status=503&times=1", "close_after=9000000&times=1", "short=4000000&times=1"])
def test_an_origin_that_fails_once(begin: Begin, options: str) -> None:
    """Streamed or in slices."""
    whole = begin(STREAMED, options)
    assert whole.copy() == {"outcome": "STORED"}
    whole.assert_stored()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("status=404", "ORIGIN_NOT_FOUND"),
        ("status=403", "ORIGIN_REFUSED"),
        ("status=500", "ORIGIN_ERROR"),
        ("close_after=9000000&ranges=no", "ORIGIN_TRUNCATED"),
        ("short=1&ranges=no", "ORIGIN_TRUNCATED"),
    ],
)
def test_an_origin_that_goes_on_failing(begin: Begin, options: str, code: str) -> None:
    """Its reason is told, and nothing is left in the bucket."""
    whole = begin(STREAMED, options)
    assert is_failure(code, whole.copy())
    whole.fail()
    whole.assert_nothing_left()


def test_slices_of_an_origin_that_hangs_up_are_cleaned_up_after(begin: Begin) -> None:
    """`fail` aborts what the workers have begun."""
    whole = begin(SLICED, "close_after=100")
    assert whole.copy(fan_out=1)["outcome"] == "PLANNED"
    with pytest.raises(OriginTruncatedError):
        whole.copy_slice(0)
    whole.fail()
    whole.assert_nothing_left()
    assert whole.row.failure is not None
    assert whole.row.failure.code == "ORIGIN_TRUNCATED"


def test_a_file_that_changes_between_slices(begin: Begin) -> None:
    """No object, no upload."""
    whole = begin(SLICED, "change_after=3")
    assert is_failure("ORIGIN_CHANGED", whole.copy_in_slices())
    whole.fail()
    whole.assert_nothing_left()
