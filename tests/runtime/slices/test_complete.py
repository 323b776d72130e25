"""Completion: exactly the planned parts, once, verified, also when S3's response was lost."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.errors import ServiceError, StorageError, UploadConflictError
from runtime.logic.copying.plan import Plan
from runtime.logic.slices.complete import has_all_parts
from runtime.models import Failure, Status
from runtime.ports import Part
from tests.runtime.support.copying import assert_nothing_left, cancel_hook, is_failure
from tests.runtime.support.fakes import FakeObjects, StoredObject
from tests.runtime.support.fakes.hooks import fail_at, fail_once_at, run_once_at
from tests.runtime.support.slicing import SIZE, SLICES, start_upload, uploaded_parts
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, PART, OriginFile, World, content_of

_STOPPED = Failure("STOPPED", "The transfer was stopped.")


def copy_all_slices(world: World) -> OriginFile:
    """Plan a download and copy all of its slices."""
    file = start_upload(world)
    for index in range(SLICES):
        world.copy_slice(index)
    return file


def raise_error(error: Exception) -> None:
    """Raise an error, inside a lambda."""
    raise error


def assert_ready(world: World, file: OriginFile) -> None:
    """Assert that the row is READY and describes the file."""
    assert world.objects.objects[KEY].body == file.content
    assert not world.objects.uploads
    row = world.row
    assert row.stored is not None
    assert row.stored.checksum.value == base64.b64encode(zlib.crc32(file.content).to_bytes(4, "big")).decode()
    assert (row.status, row.stored.size, row.stored.content_type) == (Status.READY, SIZE, "text/csv")
    assert (row.stored.sha256, row.upload_id, row.version, row.digest) == (None, None, None, None)


@pytest.mark.parametrize("checksum_type", ["FULL_OBJECT", "COMPOSITE"])
def test_object_is_verified_with_either_checksum_type(world: World, checksum_type: str) -> None:
    """Other implementations of S3 may not keep the type that was asked for."""
    world.objects = FakeObjects(checksum_type, min_part_size=PART)
    file = copy_all_slices(world)
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.calls["complete"] == 1


@pytest.mark.parametrize("checksum_type", ["FULL_OBJECT", "COMPOSITE"])
def test_complete_stores_the_result_after_its_response_was_lost(world: World, checksum_type: str) -> None:
    """S3 completed the upload, but the worker ended before it updated the row."""
    world.objects = FakeObjects(checksum_type, min_part_size=PART)
    file = copy_all_slices(world)

    world.objects.after_call = fail_at("complete", StorageError("complete_multipart_upload", "ReadTimeoutError"))
    with pytest.raises(StorageError):
        world.complete()
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_complete_succeeds_after_the_table_failed(world: World) -> None:
    file = copy_all_slices(world)

    world.downloads.before_call = fail_once_at("downloads.finish", ServiceError("UpdateItem", "InternalServerError"))
    with pytest.raises(ServiceError):
        world.complete()
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_object_of_an_earlier_attempt_is_kept_and_the_upload_aborted(world: World) -> None:
    """An earlier worker copied the whole file; the next planned slices."""
    file = copy_all_slices(world)
    world.objects.objects[KEY] = StoredObject(file.content, {"download-id": DOWNLOAD_ID}, "text/csv")
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_digest_is_recorded_before_the_object_is_created(world: World) -> None:
    """Afterwards the parts cannot be listed any more."""
    file = copy_all_slices(world)
    digests: list[str] = []
    world.objects.before_call = lambda operation: (
        digests.append(world.row.digest.whole) if operation == "complete" and world.row.digest else None
    )
    world.complete()
    assert digests == [base64.b64encode(zlib.crc32(file.content).to_bytes(4, "big")).decode()]


def test_object_of_another_writer_is_neither_overwritten_nor_deleted(world: World) -> None:
    copy_all_slices(world)
    world.objects.objects[KEY] = StoredObject(b"theirs", {}, "text/plain")
    assert is_failure("STORAGE_ERROR", world.complete())
    assert world.objects.objects[KEY].body == b"theirs"
    assert world.row.status is Status.COPYING


@pytest.mark.parametrize("body", [b"x" * SIZE, b"short"])
def test_object_that_differs_from_the_parts_is_never_ready(world: World, body: bytes) -> None:
    copy_all_slices(world)
    world.objects.after_call = run_once_at(
        "complete",
        lambda: world.objects.objects.update({KEY: StoredObject(body, {"download-id": DOWNLOAD_ID}, "text/csv")}),
    )
    assert is_failure("STORAGE_ERROR", world.complete())
    assert world.row.status is Status.COPYING


@pytest.mark.parametrize("number", [1, 6, 11])
@pytest.mark.parametrize("damage", [lambda _body: None, lambda body: body[:-1], lambda body: body + b"x"])
def test_missing_part_or_wrong_size_is_never_ready(
    world: World, number: int, damage: Callable[[bytes], bytes | None]
) -> None:
    copy_all_slices(world)
    body = damage(uploaded_parts(world).pop(number))
    if body is not None:
        uploaded_parts(world)[number] = body
    assert is_failure("STORAGE_ERROR", world.complete())
    assert "complete" not in world.objects.calls


def test_parts_that_do_not_match_the_plan_are_refused() -> None:
    plan = Plan(3 * PART, PART, 3)
    planned_parts = [Part(number, "", PART, 0) for number in (1, 2, 3)]
    assert has_all_parts(plan, planned_parts, 1)
    assert not has_all_parts(plan, [*planned_parts, Part(4, "", PART, 0)], 1)
    assert not has_all_parts(plan, [planned_parts[0], planned_parts[0], planned_parts[2]], 1)
    assert not has_all_parts(plan, [planned_parts[1], planned_parts[0], planned_parts[2]], 1)
    assert not has_all_parts(plan, [], 1)


def batched_plan(size: int) -> Plan:
    """Plan three parts to a slice and two slices to a Map."""
    return Plan(size, PART, 3, max_slices=2)


def copy_first_batch(world: World) -> OriginFile:
    """Copy the first two of four slices."""
    file = world.put_file(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1, cut=batched_plan) == {"outcome": "PLANNED", "slices": [0, 1]}
    for index in (0, 1):
        world.copy_slice(index)
    return file


def test_file_too_large_for_one_map_is_copied_in_batches(world: World) -> None:
    file = copy_first_batch(world)
    assert world.complete([0, 1], batched_plan) == {"outcome": "PLANNED", "slices": [2, 3]}
    assert not world.objects.objects
    for index in (2, 3):
        world.copy_slice(index)
    assert world.complete([2, 3], batched_plan) == {"outcome": "STORED"}
    assert_ready(world, file)


@pytest.mark.parametrize("number", [1, 6])
def test_no_batch_follows_an_incomplete_one(world: World, number: int) -> None:
    copy_first_batch(world)
    del uploaded_parts(world)[number]
    assert is_failure("STORAGE_ERROR", world.complete([0, 1], batched_plan))


def test_no_batch_follows_a_permanent_failure(world: World) -> None:
    copy_first_batch(world)
    world.put_download(**vars(replace(world.row, failure=Failure("ORIGIN_NOT_FOUND", "It is gone."))))
    outcome = world.complete([0, 1], batched_plan)
    assert outcome == {"outcome": "FAILED", "error": {"code": "ORIGIN_NOT_FOUND", "message": "It is gone."}}


def test_upload_that_vanished_between_batches_is_started_again(world: World) -> None:
    copy_first_batch(world)
    world.objects.uploads.clear()
    assert world.complete([0, 1], batched_plan) == {"outcome": "RESTART"}
    assert world.copy(fan_out=1, cut=batched_plan) == {"outcome": "PLANNED", "slices": [0, 1]}


def test_throttled_slices_are_copied_again(world: World) -> None:
    file = start_upload(world)
    for index in (0, 2):
        world.copy_slice(index)
    assert world.complete(throttled=[1, 3]) == {"outcome": "THROTTLED", "slices": [1, 3]}
    world.copy_slice(1)
    assert world.complete([1, 3], throttled=[3]) == {"outcome": "THROTTLED", "slices": [3]}
    world.copy_slice(3)
    assert world.complete([3]) == {"outcome": "STORED"}
    assert_ready(world, file)


def test_throttled_slice_that_another_child_copied_is_complete(world: World) -> None:
    """An Express execution may run twice: the first was throttled, the second was not."""
    file = copy_all_slices(world)
    assert world.complete(throttled=[1]) == {"outcome": "STORED"}
    assert_ready(world, file)


def test_missing_slice_that_was_not_throttled_is_a_failure(world: World) -> None:
    start_upload(world)
    world.copy_slice(0)
    assert is_failure("STORAGE_ERROR", world.complete(throttled=[1, 2]))


def test_throttled_slice_of_a_failed_download_is_not_copied_again(world: World) -> None:
    start_upload(world)
    world.put_download(**vars(replace(world.row, failure=Failure("ORIGIN_NOT_FOUND", "It is gone."))))
    assert is_failure("ORIGIN_NOT_FOUND", world.complete(throttled=[0, 1, 2, 3]))


def test_throttled_slices_of_an_expired_download_are_not_copied_again(world: World) -> None:
    start_upload(world)
    world.clock.sleep(world.row.expires_at - world.clock.now() + 1)
    assert is_failure("STOPPED", world.complete(throttled=[0, 1, 2, 3]))


def test_next_batch_follows_throttled_slices_of_the_first(world: World) -> None:
    file = copy_first_batch(world)
    removed_parts = {number: uploaded_parts(world).pop(number) for number in (1, 2, 3)}
    assert world.complete([0, 1], batched_plan, throttled=[0]) == {"outcome": "THROTTLED", "slices": [0]}
    uploaded_parts(world).update(removed_parts)
    assert world.complete([0], batched_plan) == {"outcome": "PLANNED", "slices": [2, 3]}
    for index in (2, 3):
        world.copy_slice(index)
    assert world.complete([2, 3], batched_plan) == {"outcome": "STORED"}
    assert_ready(world, file)


def test_no_batch_follows_one_whose_parts_vanished(world: World) -> None:
    copy_first_batch(world)
    assert world.complete([0, 1], batched_plan) == {"outcome": "PLANNED", "slices": [2, 3]}
    for index in (2, 3):
        world.copy_slice(index)
    del uploaded_parts(world)[1]
    assert is_failure("STORAGE_ERROR", world.complete([2, 3], batched_plan))


def store_part_again(world: World, times: int) -> Callable[[str], None]:
    """Return a hook that stores a part again before each completion, as a late duplicate would."""
    bodies = [b"y" * PART, b"z" * PART] * times

    def store(operation: str) -> None:
        if operation == "complete" and len(bodies) > times:
            uploaded_parts(world)[2] = bodies.pop()

    return store


def test_part_stored_again_is_listed_again(world: World) -> None:
    """S3 answers InvalidPart because the part's ETag has changed since the listing."""
    file = copy_all_slices(world)
    original = uploaded_parts(world)[2]
    steps = [lambda: uploaded_parts(world).update({2: b"y" * PART}), lambda: None]

    def change_part(operation: str) -> None:
        if operation == "complete" and steps:
            steps.pop(0)()
        if operation == "list_parts" and len(steps) == 1:
            uploaded_parts(world)[2] = original

    world.objects.before_call = change_part
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.calls["complete"] == 2
    assert_ready(world, file)


def test_parts_stored_again_without_end_are_a_failure(world: World) -> None:
    copy_all_slices(world)
    world.objects.before_call = store_part_again(world, 5)
    assert is_failure("STORAGE_ERROR", world.complete())
    assert world.objects.calls["complete"] == 3


@pytest.mark.parametrize("operation", ["list_parts", "complete", "head"])
def test_cancel_during_completion_leaves_nothing(world: World, operation: str) -> None:
    copy_all_slices(world)
    world.objects.before_call = run_once_at(operation, cancel_hook(world))
    assert is_failure("STOPPED", world.complete())
    world.objects.before_call = lambda _operation: None
    world.fail.run(ARN, world.row.failure or _STOPPED)
    assert_nothing_left(world)
    assert world.row.status is Status.CANCELLED


@pytest.mark.parametrize("operation", ["list_parts", "complete", "head"])
def test_s3_error_is_raised_and_the_next_attempt_succeeds(world: World, operation: str) -> None:
    file = copy_all_slices(world)

    world.objects.before_call = fail_at(operation, StorageError(operation, "SlowDown"))
    with pytest.raises(StorageError):
        world.complete()
    world.objects.before_call = lambda _operation: None
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


@pytest.mark.parametrize("digest_recorded", [False, True], ids=["before", "after its digest was digest_recorded"])
def test_upload_that_vanished_is_started_again(world: World, digest_recorded: bool) -> None:
    file = copy_all_slices(world)
    if digest_recorded:
        busy = StorageError("complete_multipart_upload", "SlowDown")
        world.objects.before_call = lambda operation: raise_error(busy) if operation == "complete" else None
        with pytest.raises(StorageError):
            world.complete()
        world.objects.before_call = lambda _operation: None
    world.objects.uploads.clear()
    assert_starts_again(world, file)


@pytest.mark.parametrize("dropped", [False, True], ids=["kept", "dropped"])
def test_conflict_starts_the_copy_again(world: World, dropped: bool) -> None:
    """After 409 S3 requires all parts anew, whether it dropped them or not."""
    file = copy_all_slices(world)

    def conflict(operation: str) -> None:
        if operation == "complete":
            if dropped:
                world.objects.uploads.clear()
            world.objects.before_call = lambda _operation: None
            raise UploadConflictError("complete_multipart_upload", "ConditionalRequestConflict")

    world.objects.before_call = conflict
    assert_starts_again(world, file)


def assert_starts_again(world: World, file: OriginFile) -> None:
    """Assert that the upload is dropped and that a second one becomes the file."""
    assert world.complete() == {"outcome": "RESTART"}
    assert (world.row.upload_id, world.row.version, world.row.digest) == (None, None, None)
    assert not world.objects.uploads
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    for index in range(SLICES):
        world.copy_slice(index)
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_upload_that_vanishes_twice_is_a_failure(world: World) -> None:
    copy_all_slices(world)
    world.objects.uploads.clear()
    assert world.complete() == {"outcome": "RESTART"}
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    world.objects.uploads.clear()
    assert is_failure("STORAGE_ERROR", world.complete())


def test_vanished_upload_is_not_started_again_after_a_permanent_failure(world: World) -> None:
    copy_all_slices(world)
    world.objects.uploads.clear()
    world.downloads.rows[ARN] = replace(world.row, failure=Failure("ORIGIN_NOT_FOUND", "Gone."))
    assert is_failure("ORIGIN_NOT_FOUND", world.complete())


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_finished_download_is_not_completed(world: World, status: Status) -> None:
    copy_all_slices(world)
    world.downloads.rows[ARN] = replace(world.row, status=status)
    world.objects.calls.clear()
    assert world.complete()["outcome"] == "FAILED"
    assert not world.objects.calls


def test_missing_download_is_not_completed(world: World) -> None:
    assert is_failure("STOPPED", world.complete())
