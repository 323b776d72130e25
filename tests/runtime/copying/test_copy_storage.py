"""What can go wrong beside the origin: the bucket, a cancel, another worker."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from runtime.errors import (
    ObjectExistsError,
    ServiceError,
    StorageError,
    UploadGoneError,
)
from runtime.models import Failure, Status
from runtime.ports import ObjectHead
from tests.runtime.support.copying import (
    assert_nothing_left,
    assert_stored,
    cancel_hook,
    is_failure,
    range_request,
    run_once_at,
)
from tests.runtime.support.fakes import Asked, FakeBody, StoredObject, Upload
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, PART, OriginFile, World, content_of


@pytest.mark.parametrize("operation", ["create_upload", "upload_part", "complete", "put"])
def test_a_cancel_in_the_middle_leaves_nothing(world: World, operation: str) -> None:
    """Whenever it comes: before the upload is noted, between parts, or at the very end."""
    world.has()
    world.serve(OriginFile(content_of(500 if operation == "put" else 9 * PART)))
    world.objects.fail = run_once_at(operation, cancel_hook(world))
    assert is_failure("STOPPED", world.copy())
    assert_nothing_left(world)
    assert world.row.status is Status.CANCELLED


def test_the_row_is_looked_at_once_a_second_and_a_cancel_is_seen_by_it(world: World) -> None:
    """The row says COPYING and how far."""
    world.has()
    seen: list[tuple[Status, int | None, int | None]] = []

    def read() -> None:
        world.clock.time += 0.4
        seen.append((world.row.status, world.row.copied_bytes, world.row.size))
        if len(seen) == 20:
            cancel_hook(world)()

    world.serve(OriginFile(content_of(90 * PART), on_read=read))
    assert is_failure("STOPPED", world.copy())
    assert 1 <= world.downloads.calls["progress"] < 4 <= world.downloads.calls["get"] <= 10
    assert any(status is Status.COPYING and copied and size == 90 * PART for status, copied, size in seen)
    assert len(seen) < 25
    assert_nothing_left(world)


@pytest.mark.parametrize("call", ["get", "progress"])
def test_a_copy_outlives_progress_that_cannot_be_written(world: World, call: str) -> None:
    """A busy table is no reason to lose the file."""
    world.has()

    def busy(operation: str) -> None:
        if operation == f"downloads.{call}" and world.origins.asked:
            raise ServiceError("UpdateItem", "ThrottlingException")

    def read() -> None:
        world.clock.time += 1.0

    world.downloads.before = busy
    file = world.serve(OriginFile(content_of(5 * PART), on_read=read))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_a_finished_download_is_not_copied_again(world: World, status: Status) -> None:
    """A late or repeated invocation answers what the row says."""
    world.has(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    outcome = world.copy()
    assert outcome["outcome"] == ("STORED" if status is Status.READY else "FAILED")
    if status is Status.FAILED:
        assert outcome["error"] == {"code": "ORIGIN_ERROR", "message": "No."}
    assert world.origins.asked == []


def test_a_download_that_is_gone_or_expired_is_not_copied(world: World) -> None:
    """Nobody could fetch it."""
    assert is_failure("STOPPED", world.copy())
    world.has(expires_at=1)
    assert is_failure("STOPPED", world.copy())
    assert world.origins.asked == []


def test_an_origin_that_was_taken_away_is_a_failure(world: World) -> None:
    """The owner changed the stack while it was pending."""
    world.has(origin="gone")
    assert is_failure("ORIGIN_ERROR", world.copy())


@pytest.mark.parametrize("size", [5, 3 * PART])
def test_what_an_earlier_worker_left_is_dropped_first(world: World, size: int) -> None:
    """A worker that was killed left its upload in the row."""
    world.has(status=Status.COPYING, upload_id="old")
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    file = world.serve(OriginFile(content_of(size)))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_the_upload_is_noted_before_its_first_part(world: World) -> None:
    """Whoever cleans up after a killed worker has to know it."""
    world.has()
    noted: list[str | None] = []
    world.objects.fail = lambda operation: noted.append(world.row.upload_id) if operation == "upload_part" else None
    world.serve(OriginFile(content_of(3 * PART)))
    world.copy()
    assert set(noted) == {"upload-1"}


@pytest.mark.parametrize("operation", ["create_upload", "upload_part", "complete", "put", "head"])
def test_a_failing_bucket_is_raised_for_another_invocation(world: World, operation: str) -> None:
    """The state machine tries again; nothing is left meanwhile."""
    world.has()
    world.serve(OriginFile(content_of(500 if operation == "put" else 5 * PART)))

    def fail(called: str) -> None:
        if called == operation:
            raise StorageError(operation, "SlowDown")

    world.objects.fail = fail
    with pytest.raises(StorageError, match="SlowDown"):
        world.copy()
    assert not world.objects.uploads
    assert world.row.upload_id is None
    world.objects.fail = lambda _operation: None
    assert world.copy() == {"outcome": "STORED"}
    assert not world.objects.uploads  # also where the first try had made the object, and the second met it


@pytest.mark.parametrize("operation", ["put", "complete"])
def test_a_lost_reply_is_recognised(world: World, operation: str) -> None:
    """The call went through, its reply did not, and the SDK's second try meets our own object."""
    world.has()
    file = world.serve(OriginFile(content_of(500 if operation == "put" else 5 * PART)))

    def lost(called: str) -> None:
        if called == operation:
            raise ObjectExistsError(operation, "PreconditionFailed")

    world.objects.after = lost
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_a_completed_upload_that_is_gone_is_recognised(world: World) -> None:
    """NoSuchUpload, and the object is there."""
    world.has()
    file = world.serve(OriginFile(content_of(5 * PART)))

    def gone(called: str) -> None:
        if called == "complete":
            raise UploadGoneError(called, "NoSuchUpload")

    world.objects.after = gone
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("size", [500, 5 * PART])
def test_an_object_that_is_not_ours_is_neither_overwritten_nor_deleted(world: World, size: int) -> None:
    """Whoever put it there."""
    world.has()
    foreign = StoredObject(b"theirs", {}, "text/plain")
    world.objects.objects[KEY] = foreign
    world.serve(OriginFile(content_of(size)))
    assert is_failure("STORAGE_ERROR", world.copy())
    assert world.objects.objects == {KEY: foreign}
    assert not world.objects.uploads


@pytest.mark.parametrize("size", [500, 5 * PART])
def test_an_object_that_differs_is_never_ready(world: World, size: int) -> None:
    """Ours by its metadata, but with other bytes."""
    world.has()
    world.objects.objects[KEY] = StoredObject(b"x" * size, {"download-id": DOWNLOAD_ID}, "text/csv")
    world.serve(OriginFile(content_of(size)))
    assert is_failure("STORAGE_ERROR", world.copy())
    assert world.row.status is not Status.READY


def test_a_worker_that_was_replaced_stops(world: World) -> None:
    """Two workers of one download: the one whose upload is in the row wins."""
    world.has()

    def read() -> None:
        world.clock.time += 2.0
        if world.row.upload_id == "upload-1":
            world.downloads.rows[ARN] = replace(world.row, upload_id="another")

    world.serve(OriginFile(content_of(9 * PART), on_read=read))
    assert is_failure("STOPPED", world.copy())
    assert world.row.upload_id == "another"
    assert not world.objects.objects


def test_another_try_that_was_faster_is_as_good(world: World) -> None:
    """READY by somebody else is stored."""
    world.has()
    file = world.serve(OriginFile(content_of(5)))

    def finished(operation: str) -> None:
        if operation == "downloads.finish":
            world.downloads.rows[ARN] = replace(world.row, status=Status.READY)

    world.downloads.before = finished
    assert world.copy() == {"outcome": "STORED"}
    assert world.objects.objects[KEY].body == file.content


def test_an_abort_is_repeated_until_the_upload_stays_away(world: World) -> None:
    """A part in flight brings it back."""
    world.has()
    left = [2]

    def back(operation: str) -> None:
        if operation == "abort" and left[0]:
            left[0] -= 1
            world.objects.uploads["upload-1"] = Upload(KEY, "text/csv", {})

    world.objects.after = back
    file = OriginFile(content_of(5 * PART))
    file.before = [file(range_request("bytes=0-999")), FakeBody(404)]
    world.serve(file)
    assert is_failure("ORIGIN_NOT_FOUND", world.copy())
    assert world.objects.calls["abort"] == 3
    assert_nothing_left(world)


def test_nothing_is_in_flight_when_an_upload_is_aborted(world: World) -> None:
    """A part that ended later would bring it back."""
    world.has()
    origin_failed = threading.Event()
    in_flight: list[int] = []

    def called(operation: str) -> None:
        if operation == "upload_part":
            assert origin_failed.wait(10)
        elif operation == "abort":
            in_flight.append(world.objects.held)

    world.objects.fail = called
    file = world.serve(OriginFile(content_of(5 * PART)))

    def answer(asked: Asked) -> FakeBody:
        if asked.headers["Range"] == "bytes=0-999":
            return file(asked)
        origin_failed.set()
        return FakeBody(403)

    world.origins.answer = answer
    assert is_failure("ORIGIN_REFUSED", world.copy())
    assert in_flight == [0]


def test_an_object_of_another_size_is_never_ready(world: World) -> None:
    """Even if its checksum should agree."""
    world.has()
    real = world.objects.head

    def head(key: str) -> ObjectHead | None:
        found = real(key)
        return found and replace(found, size=found.size + 1)

    world.objects.head = head  # type: ignore[method-assign]
    world.serve(OriginFile(content_of(3 * PART)))
    assert is_failure("STORAGE_ERROR", world.copy())


def test_memory_is_bounded_by_the_buffers(world: World) -> None:
    """Whatever the file's size, no more parts are in flight than there are spare buffers."""
    world.has()
    world.serve(OriginFile(content_of(60 * PART)))
    world.copy()
    assert world.objects.largest_parts <= 2 * PART


def test_the_type_of_the_object_is_safe(world: World) -> None:
    """A page of the origin does not become a page of ours."""
    world.has()
    world.serve(OriginFile(b"<script>", content_type="text/html"))
    world.copy()
    assert world.objects.objects[KEY].content_type == "application/octet-stream"
    assert world.row.stored is not None
    assert world.row.stored.content_type == "application/octet-stream"


def test_every_connection_is_closed(world: World) -> None:
    """Also after a failure."""
    for cuts in ([], [None, 10], [10] * 9):
        world.has()
        world.objects.objects.clear()
        world.serve(OriginFile(content_of(5 * PART), cuts=list(cuts)))
        world.copy()
    assert all(body.closed for body in world.origins.bodies)


def test_a_buffer_that_something_still_looks_at_is_good_enough_for_the_end(world: World) -> None:
    """The traceback of a try that broke off keeps what was being sent."""
    world.has()
    kept: list[memoryview] = []
    store = world.objects.upload_part

    def looked_at(key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        kept.append(memoryview(body))
        return store(key, upload_id, number=number, body=body, crc32=crc32)

    world.objects.upload_part = looked_at  # type: ignore[method-assign]
    file = world.serve(OriginFile(content_of(9 * PART + 7)))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("fan_out", [0, 1])
def test_parts_that_are_shorter_than_s3_requires_make_no_object(world: World, fan_out: int) -> None:
    """By one worker or in slices: a planted fault, which tests with small parts would not notice by themselves."""
    world.objects.min_part_size = PART + 1
    world.has()
    world.serve(OriginFile(content_of(9 * PART)))

    def copy() -> None:
        if world.copy(fan_out=fan_out)["outcome"] == "PLANNED":
            for index in range(3):
                world.copy_slice(index)
            world.complete()

    with pytest.raises(StorageError, match="EntityTooSmall"):
        copy()
    assert KEY not in world.objects.objects
    assert world.row.status is Status.COPYING
