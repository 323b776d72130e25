"""Faults of the bucket and of concurrent workers, and cancels, while one worker copies."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from runtime.errors import ObjectExistsError, ServiceError, StorageError, UploadGoneError
from runtime.models import Failure, Status
from runtime.ports import ObjectHead
from tests.runtime.support.copying import assert_nothing_left, assert_stored, cancel_hook, is_failure, range_request
from tests.runtime.support.fakes import FakeBody, OriginRequest, StoredObject, Upload
from tests.runtime.support.fakes.hooks import fail_at, run_once_at
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, PART, OriginFile, World, content_of


@pytest.mark.parametrize("operation", ["create_upload", "upload_part", "complete", "put"])
def test_cancel_during_a_copy_leaves_nothing(world: World, operation: str) -> None:
    world.put_file(OriginFile(content_of(500 if operation == "put" else 9 * PART)))
    world.objects.before_call = run_once_at(operation, cancel_hook(world))
    assert is_failure("STOPPED", world.copy())
    assert_nothing_left(world)
    assert world.row.status is Status.CANCELLED


def test_row_is_read_once_a_second_and_shows_a_cancel(world: World) -> None:
    world.put_download()
    observed: list[tuple[Status, int | None, int | None]] = []

    def read() -> None:
        world.clock.time += 0.4
        observed.append((world.row.status, world.row.copied_bytes, world.row.size))
        if len(observed) == 20:
            cancel_hook(world)()

    world.serve(OriginFile(content_of(90 * PART), on_read=read))
    assert is_failure("STOPPED", world.copy())
    assert 1 <= world.downloads.calls["progress"] < 4 <= world.downloads.calls["get"] <= 10
    assert any(status is Status.COPYING and copied and size == 90 * PART for status, copied, size in observed)
    assert len(observed) < 25
    assert_nothing_left(world)


@pytest.mark.parametrize("call", ["get", "progress"])
def test_copy_succeeds_although_progress_cannot_be_written(world: World, call: str) -> None:
    world.put_download()

    def throttle(operation: str) -> None:
        if operation == f"downloads.{call}" and world.origins.requests:
            raise ServiceError("UpdateItem", "ThrottlingException")

    def read() -> None:
        world.clock.time += 1.0

    world.downloads.before_call = throttle
    file = world.serve(OriginFile(content_of(5 * PART), on_read=read))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_finished_download_is_not_copied_again(world: World, status: Status) -> None:
    world.put_download(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    outcome = world.copy()
    assert outcome["outcome"] == ("STORED" if status is Status.READY else "FAILED")
    if status is Status.FAILED:
        assert outcome["error"] == {"code": "ORIGIN_ERROR", "message": "No."}
    assert world.origins.requests == []


def test_missing_or_expired_download_is_not_copied(world: World) -> None:
    assert is_failure("STOPPED", world.copy())
    world.put_download(expires_at=1)
    assert is_failure("STOPPED", world.copy())
    assert world.origins.requests == []


def test_origin_that_was_removed_from_the_stack_is_a_failure(world: World) -> None:
    world.put_download(origin="gone")
    assert is_failure("ORIGIN_ERROR", world.copy())


@pytest.mark.parametrize("size", [5, 3 * PART])
def test_upload_of_a_killed_worker_is_aborted_first(world: World, size: int) -> None:
    world.put_download(status=Status.COPYING, upload_id="old")
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    file = world.serve(OriginFile(content_of(size)))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_upload_is_recorded_before_its_first_part(world: World) -> None:
    world.put_download()
    upload_ids: list[str | None] = []
    world.objects.before_call = lambda operation: (
        upload_ids.append(world.row.upload_id) if operation == "upload_part" else None
    )
    world.serve(OriginFile(content_of(3 * PART)))
    world.copy()
    assert set(upload_ids) == {"upload-1"}


@pytest.mark.parametrize("operation", ["create_upload", "upload_part", "complete", "put", "head"])
def test_s3_error_is_raised_and_the_next_attempt_succeeds(world: World, operation: str) -> None:
    world.put_file(OriginFile(content_of(500 if operation == "put" else 5 * PART)))

    world.objects.before_call = fail_at(operation, StorageError(operation, "SlowDown"))
    with pytest.raises(StorageError, match="SlowDown"):
        world.copy()
    assert not world.objects.uploads
    assert world.row.upload_id is None
    world.objects.before_call = lambda _operation: None
    assert world.copy() == {"outcome": "STORED"}
    assert not world.objects.uploads  # also if the first attempt had created the object


@pytest.mark.parametrize("operation", ["put", "complete"])
def test_412_of_the_sdks_own_first_attempt_counts_as_success(world: World, operation: str) -> None:
    """S3 answers 412 when botocore's retry meets the object that the first attempt stored."""
    file = world.put_file(OriginFile(content_of(500 if operation == "put" else 5 * PART)))

    world.objects.after_call = fail_at(operation, ObjectExistsError(operation, "PreconditionFailed"))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_completed_upload_that_is_gone_counts_as_success(world: World) -> None:
    """S3 answers NoSuchUpload when botocore's retry meets the upload that the first attempt completed."""
    file = world.put_file(OriginFile(content_of(5 * PART)))

    world.objects.after_call = fail_at("complete", UploadGoneError("complete", "NoSuchUpload"))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("size", [500, 5 * PART])
def test_object_of_another_writer_is_neither_overwritten_nor_deleted(world: World, size: int) -> None:
    world.put_download()
    foreign = StoredObject(b"theirs", {}, "text/plain")
    world.objects.objects[KEY] = foreign
    world.serve(OriginFile(content_of(size)))
    assert is_failure("STORAGE_ERROR", world.copy())
    assert world.objects.objects == {KEY: foreign}
    assert not world.objects.uploads


@pytest.mark.parametrize("size", [500, 5 * PART])
def test_own_object_with_other_bytes_is_never_ready(world: World, size: int) -> None:
    world.put_download()
    world.objects.objects[KEY] = StoredObject(b"x" * size, {"download-id": DOWNLOAD_ID}, "text/csv")
    world.serve(OriginFile(content_of(size)))
    assert is_failure("STORAGE_ERROR", world.copy())
    assert world.row.status is not Status.READY


def test_worker_whose_upload_was_replaced_stops(world: World) -> None:
    world.put_download()

    def read() -> None:
        world.clock.time += 2.0
        if world.row.upload_id == "upload-1":
            world.downloads.rows[ARN] = replace(world.row, upload_id="another")

    world.serve(OriginFile(content_of(9 * PART), on_read=read))
    assert is_failure("STOPPED", world.copy())
    assert world.row.upload_id == "another"
    assert not world.objects.objects


def test_download_finished_by_another_worker_counts_as_stored(world: World) -> None:
    file = world.put_file(OriginFile(content_of(5)))

    def finish(operation: str) -> None:
        if operation == "downloads.finish":
            world.downloads.rows[ARN] = replace(world.row, status=Status.READY)

    world.downloads.before_call = finish
    assert world.copy() == {"outcome": "STORED"}
    assert world.objects.objects[KEY].body == file.content


def test_abort_is_repeated_until_the_upload_is_gone(world: World) -> None:
    """A part in flight recreates an aborted upload."""
    world.put_download()
    remaining = [2]

    def recreate(operation: str) -> None:
        if operation == "abort" and remaining[0]:
            remaining[0] -= 1
            world.objects.uploads["upload-1"] = Upload(KEY, "text/csv", {})

    world.objects.after_call = recreate
    file = OriginFile(content_of(5 * PART))
    file.first_answers = [file.answer(range_request("bytes=0-999")), FakeBody(404)]
    world.serve(file)
    assert is_failure("ORIGIN_NOT_FOUND", world.copy())
    assert world.objects.calls["abort"] == 3
    assert_nothing_left(world)


def test_no_part_is_in_flight_at_an_abort(world: World) -> None:
    world.put_download()
    origin_failed = threading.Event()
    in_flight: list[int] = []

    def hold_part(operation: str) -> None:
        if operation == "upload_part":
            assert origin_failed.wait(10)
        elif operation == "abort":
            in_flight.append(world.objects.bytes_in_flight)

    world.objects.before_call = hold_part
    file = world.serve(OriginFile(content_of(5 * PART)))

    def answer(request: OriginRequest) -> FakeBody:
        if request.headers["Range"] == "bytes=0-999":
            return file.answer(request)
        origin_failed.set()
        return FakeBody(404)

    world.origins.answer = answer
    assert is_failure("ORIGIN_NOT_FOUND", world.copy())
    assert in_flight == [0]


def test_object_of_another_size_is_never_ready(world: World) -> None:
    world.put_download()
    real_head = world.objects.head

    def head(key: str) -> ObjectHead | None:
        result = real_head(key)
        return result and replace(result, size=result.size + 1)

    world.objects.head = head  # type: ignore[method-assign]
    world.serve(OriginFile(content_of(3 * PART)))
    assert is_failure("STORAGE_ERROR", world.copy())


def test_parts_in_flight_are_bounded_by_the_buffers(world: World) -> None:
    world.put_file(OriginFile(content_of(60 * PART)))
    world.copy()
    assert world.objects.max_bytes_in_flight <= 2 * PART


def test_content_type_of_the_object_cannot_run_scripts(world: World) -> None:
    world.put_file(OriginFile(b"<script>", content_type="text/html"))
    world.copy()
    assert world.objects.objects[KEY].content_type == "application/octet-stream"
    assert world.row.stored is not None
    assert world.row.stored.content_type == "application/octet-stream"


def test_every_connection_to_the_origin_is_closed(world: World) -> None:
    for cuts in ([], [None, 10], [10] * 9):
        world.put_download()
        world.objects.objects.clear()
        world.serve(OriginFile(content_of(5 * PART), cuts=list(cuts)))
        world.copy()
    assert all(body.closed for body in world.origins.bodies)


def test_buffer_that_is_still_referenced_does_not_fail_the_copy(world: World) -> None:
    """The traceback of a failed attempt keeps the part that was being sent."""
    world.put_download()
    views: list[memoryview] = []
    upload_part = world.objects.upload_part

    def keep_view(key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        views.append(memoryview(body))
        return upload_part(key, upload_id, number=number, body=body, crc32=crc32)

    world.objects.upload_part = keep_view  # type: ignore[method-assign]
    file = world.serve(OriginFile(content_of(9 * PART + 7)))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("fan_out", [0, 1])
def test_parts_below_s3s_least_size_make_no_object(world: World, fan_out: int) -> None:
    """The fakes of the other tests accept small parts."""
    world.objects.min_part_size = PART + 1
    world.put_file(OriginFile(content_of(9 * PART)))

    def copy() -> None:
        if world.copy(fan_out=fan_out)["outcome"] == "PLANNED":
            for index in range(3):
                world.copy_slice(index)
            world.complete()

    with pytest.raises(StorageError, match="EntityTooSmall"):
        copy()
    assert KEY not in world.objects.objects
    assert world.row.status is Status.COPYING
