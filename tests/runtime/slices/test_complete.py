"""Completion: exactly the planned parts, once, verified; a lost reply is found out."""

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
from tests.runtime.support.copying import assert_nothing_left, cancel_hook, is_failure, run_once_at
from tests.runtime.support.fakes import FakeObjects, StoredObject
from tests.runtime.support.slicing import SIZE, SLICES, start_upload, uploaded_parts
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, PART, OriginFile, World, content_of

_STOPPED = Failure("STOPPED", "The transfer was stopped.")


def copied(world: World) -> OriginFile:
    """All slices are there."""
    file = start_upload(world)
    for index in range(SLICES):
        world.copy_slice(index)
    return file


def raising(error: Exception) -> None:
    """What an operation does that fails."""
    raise error


def assert_ready(world: World, file: OriginFile) -> None:
    """READY, as the file is."""
    assert world.objects.objects[KEY].body == file.content
    assert not world.objects.uploads
    row = world.row
    assert row.stored is not None
    assert row.stored.checksum.value == base64.b64encode(zlib.crc32(file.content).to_bytes(4, "big")).decode()
    assert (row.status, row.stored.size, row.stored.content_type) == (Status.READY, SIZE, "text/csv")
    assert (row.stored.sha256, row.upload_id, row.version, row.digest) == (None, None, None, None)


@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_the_object_is_verified_whichever_checksum_s3_keeps(world: World, kind: str) -> None:
    """AWS keeps the one that was asked for; others may not."""
    world.objects = FakeObjects(kind, min_part_size=PART)
    file = copied(world)
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.calls["complete"] == 1


@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_a_reply_that_was_lost_is_found_out_by_the_next_worker(world: World, kind: str) -> None:
    """The object was made, and the worker ended before it could say so."""
    world.objects = FakeObjects(kind, min_part_size=PART)
    file = copied(world)

    def lost(operation: str) -> None:
        if operation == "complete":
            raise StorageError("complete_multipart_upload", "ReadTimeoutError")

    world.objects.after = lost
    with pytest.raises(StorageError):
        world.complete()
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_a_worker_that_dies_before_the_row_is_ready_is_followed_by_one_that_says_so(world: World) -> None:
    """The table failed at the very end."""
    file = copied(world)
    failures = [ServiceError("UpdateItem", "InternalServerError")]

    def fail(operation: str) -> None:
        if operation == "downloads.finish" and failures:
            raise failures.pop()

    world.downloads.before = fail
    with pytest.raises(ServiceError):
        world.complete()
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_an_object_of_an_earlier_try_leaves_no_upload(world: World) -> None:
    """One worker had made it whole; the next planned slices, and their parts are of no use."""
    file = copied(world)
    world.objects.objects[KEY] = StoredObject(file.content, {"download-id": DOWNLOAD_ID}, "text/csv")
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_the_digest_is_noted_before_the_object_is_made(world: World) -> None:
    """Afterwards there is no listing to take it from."""
    file = copied(world)
    noted: list[str] = []
    world.objects.fail = lambda operation: (
        noted.append(world.row.digest.whole) if operation == "complete" and world.row.digest else None
    )
    world.complete()
    assert noted == [base64.b64encode(zlib.crc32(file.content).to_bytes(4, "big")).decode()]


def test_an_object_that_is_not_ours_is_neither_overwritten_nor_deleted(world: World) -> None:
    """Somebody else has written to the key."""
    copied(world)
    world.objects.objects[KEY] = StoredObject(b"theirs", {}, "text/plain")
    assert is_failure("STORAGE_ERROR", world.complete())
    assert world.objects.objects[KEY].body == b"theirs"
    assert world.row.status is Status.COPYING


@pytest.mark.parametrize("body", [b"x" * SIZE, b"short"])
def test_an_object_that_differs_is_never_ready(world: World, body: bytes) -> None:
    """Whatever S3 answered."""
    copied(world)
    world.objects.after = run_once_at(
        "complete",
        lambda: world.objects.objects.update({KEY: StoredObject(body, {"download-id": DOWNLOAD_ID}, "text/csv")}),
    )
    assert is_failure("STORAGE_ERROR", world.complete())
    assert world.row.status is Status.COPYING


@pytest.mark.parametrize("number", [1, 6, 11])
@pytest.mark.parametrize("spoil", [lambda _body: None, lambda body: body[:-1], lambda body: body + b"x"])
def test_a_part_that_is_missing_or_has_another_size_is_never_ready(
    world: World, number: int, spoil: Callable[[bytes], bytes | None]
) -> None:
    """First, middle, last."""
    copied(world)
    body = spoil(uploaded_parts(world).pop(number))
    if body is not None:
        uploaded_parts(world)[number] = body
    assert is_failure("STORAGE_ERROR", world.complete())
    assert "complete" not in world.objects.calls


def test_parts_beside_the_plan_are_refused() -> None:
    """One too many, two of one number, in another order."""
    cut = Plan(3 * PART, PART, 3)
    good = [Part(number, "", PART, 0) for number in (1, 2, 3)]
    assert has_all_parts(cut, good, 1)
    assert not has_all_parts(cut, [*good, Part(4, "", PART, 0)], 1)
    assert not has_all_parts(cut, [good[0], good[0], good[2]], 1)
    assert not has_all_parts(cut, [good[1], good[0], good[2]], 1)
    assert not has_all_parts(cut, [], 1)


def batched(size: int) -> Plan:
    """Two slices to a Map, three parts to a slice."""
    return Plan(size, PART, 3, max_slices=2)


def first_batch(world: World) -> OriginFile:
    """Two of four slices are there."""
    world.has()
    file = world.serve(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1, cut=batched) == {"outcome": "PLANNED", "slices": [0, 1]}
    for index in (0, 1):
        world.copy_slice(index)
    return file


def test_a_file_that_is_too_large_for_one_map_is_copied_batch_after_batch(world: World) -> None:
    """Nothing becomes an object before the last."""
    file = first_batch(world)
    assert world.complete([0, 1], batched) == {"outcome": "PLANNED", "slices": [2, 3]}
    assert not world.objects.objects
    for index in (2, 3):
        world.copy_slice(index)
    assert world.complete([2, 3], batched) == {"outcome": "STORED"}
    assert_ready(world, file)


@pytest.mark.parametrize("number", [1, 6])
def test_no_batch_follows_one_that_is_not_whole(world: World, number: int) -> None:
    """It would all be in vain, and an execution has to end."""
    first_batch(world)
    del uploaded_parts(world)[number]
    assert is_failure("STORAGE_ERROR", world.complete([0, 1], batched))


def test_no_batch_follows_a_failure_that_nothing_can_mend(world: World) -> None:
    """What a worker noted says why."""
    first_batch(world)
    world.has(**vars(replace(world.row, failure=Failure("ORIGIN_NOT_FOUND", "It is gone."))))
    outcome = world.complete([0, 1], batched)
    assert outcome == {"outcome": "FAILED", "error": {"code": "ORIGIN_NOT_FOUND", "message": "It is gone."}}


def test_an_upload_that_vanished_between_batches_is_started_again(world: World) -> None:
    """From the first slice."""
    first_batch(world)
    world.objects.uploads.clear()
    assert world.complete([0, 1], batched) == {"outcome": "RESTART"}
    assert world.copy(fan_out=1, cut=batched) == {"outcome": "PLANNED", "slices": [0, 1]}


def test_throttled_slices_are_copied_again_and_no_others(world: World) -> None:
    """The others of the Map are there, and the file is whole in the end."""
    file = start_upload(world)
    for index in (0, 2):
        world.copy_slice(index)
    assert world.complete(throttled=[1, 3]) == {"outcome": "THROTTLED", "slices": [1, 3]}
    world.copy_slice(1)
    assert world.complete([1, 3], throttled=[3]) == {"outcome": "THROTTLED", "slices": [3]}
    world.copy_slice(3)
    assert world.complete([3]) == {"outcome": "STORED"}
    assert_ready(world, file)


def test_a_throttled_slice_that_another_child_copied_is_there(world: World) -> None:
    """An Express execution may run twice: one was throttled, and its twin was not."""
    file = copied(world)
    assert world.complete(throttled=[1]) == {"outcome": "STORED"}
    assert_ready(world, file)


def test_a_slice_that_is_missing_although_it_was_not_throttled_is_a_failure(world: World) -> None:
    """Its function ran: it would be missing again."""
    start_upload(world)
    world.copy_slice(0)
    assert is_failure("STORAGE_ERROR", world.complete(throttled=[1, 2]))


def test_a_throttled_slice_does_not_wait_for_a_file_that_cannot_be_copied(world: World) -> None:
    """What another worker noted says why."""
    start_upload(world)
    world.has(**vars(replace(world.row, failure=Failure("ORIGIN_NOT_FOUND", "It is gone."))))
    assert is_failure("ORIGIN_NOT_FOUND", world.complete(throttled=[0, 1, 2, 3]))


def test_throttled_slices_stop_waiting_when_the_download_has_expired(world: World) -> None:
    """Nobody can fetch it any more."""
    start_upload(world)
    world.clock.sleep(world.row.expires_at - world.clock.now() + 1)
    assert is_failure("STOPPED", world.complete(throttled=[0, 1, 2, 3]))


def test_the_next_batch_follows_throttled_slices_of_the_first(world: World) -> None:
    """From the first slice that is not there, whichever were copied last."""
    file = first_batch(world)
    taken = {number: uploaded_parts(world).pop(number) for number in (1, 2, 3)}
    assert world.complete([0, 1], batched, throttled=[0]) == {"outcome": "THROTTLED", "slices": [0]}
    uploaded_parts(world).update(taken)
    assert world.complete([0], batched) == {"outcome": "PLANNED", "slices": [2, 3]}
    for index in (2, 3):
        world.copy_slice(index)
    assert world.complete([2, 3], batched) == {"outcome": "STORED"}
    assert_ready(world, file)


def test_no_batch_follows_one_whose_parts_have_vanished_since(world: World) -> None:
    """Slices of an earlier Map were there when the next was planned."""
    first_batch(world)
    assert world.complete([0, 1], batched) == {"outcome": "PLANNED", "slices": [2, 3]}
    for index in (2, 3):
        world.copy_slice(index)
    del uploaded_parts(world)[1]
    assert is_failure("STORAGE_ERROR", world.complete([2, 3], batched))


def again_at_completion(world: World, times: int) -> Callable[[str], None]:
    """A late duplicate stores a part again, between the listing and the completion."""
    left = [b"y" * PART, b"z" * PART] * times

    def called(operation: str) -> None:
        if operation == "complete" and len(left) > times:
            uploaded_parts(world)[2] = left.pop()

    return called


def test_a_part_stored_again_is_listed_again(world: World) -> None:
    """InvalidPart: the ETag that was listed is not the one that is there."""
    file = copied(world)
    original = uploaded_parts(world)[2]
    steps = [lambda: uploaded_parts(world).update({2: b"y" * PART}), lambda: None]

    def called(operation: str) -> None:
        if operation == "complete" and steps:
            steps.pop(0)()
        if operation == "list_parts" and len(steps) == 1:
            uploaded_parts(world)[2] = original

    world.objects.fail = called
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.calls["complete"] == 2
    assert_ready(world, file)


def test_parts_stored_again_for_ever_are_a_failure(world: World) -> None:
    """It ends."""
    copied(world)
    world.objects.fail = again_at_completion(world, 5)
    assert is_failure("STORAGE_ERROR", world.complete())
    assert world.objects.calls["complete"] == 3


@pytest.mark.parametrize("operation", ["list_parts", "complete", "head"])
def test_a_cancel_in_the_middle_leaves_nothing(world: World, operation: str) -> None:
    """`fail` and the worker clean up between them."""
    copied(world)
    world.objects.fail = run_once_at(operation, cancel_hook(world))
    assert is_failure("STOPPED", world.complete())
    world.objects.fail = lambda _operation: None
    world.fail.run(ARN, world.row.failure or _STOPPED)
    assert_nothing_left(world)
    assert world.row.status is Status.CANCELLED


@pytest.mark.parametrize("operation", ["list_parts", "complete", "head"])
def test_a_failing_bucket_is_raised_for_another_try(world: World, operation: str) -> None:
    """And the next succeeds."""
    file = copied(world)

    def fail(called: str) -> None:
        if called == operation:
            raise StorageError(operation, "SlowDown")

    world.objects.fail = fail
    with pytest.raises(StorageError):
        world.complete()
    world.objects.fail = lambda _operation: None
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


@pytest.mark.parametrize("noted", [False, True], ids=["before", "after its digest was noted"])
def test_an_upload_that_vanished_is_started_again(world: World, noted: bool) -> None:
    """And is the file in the end."""
    file = copied(world)
    if noted:
        busy = StorageError("complete_multipart_upload", "SlowDown")
        world.objects.fail = lambda operation: raising(busy) if operation == "complete" else None
        with pytest.raises(StorageError):
            world.complete()
        world.objects.fail = lambda _operation: None
    world.objects.uploads.clear()
    assert_starts_again(world, file)


@pytest.mark.parametrize("dropped", [False, True], ids=["kept", "dropped"])
def test_a_conflict_starts_the_copy_again(world: World, dropped: bool) -> None:
    """409: S3 wants all parts anew, whether it has dropped them itself or not."""
    file = copied(world)

    def conflict(operation: str) -> None:
        if operation == "complete":
            if dropped:
                world.objects.uploads.clear()
            world.objects.fail = lambda _operation: None
            raise UploadConflictError("complete_multipart_upload", "ConditionalRequestConflict")

    world.objects.fail = conflict
    assert_starts_again(world, file)


def assert_starts_again(world: World, file: OriginFile) -> None:
    """Nothing of the first upload is left, and the second becomes the file."""
    assert world.complete() == {"outcome": "RESTART"}
    assert (world.row.upload_id, world.row.version, world.row.digest) == (None, None, None)
    assert not world.objects.uploads
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    for index in range(SLICES):
        world.copy_slice(index)
    assert world.complete() == {"outcome": "STORED"}
    assert_ready(world, file)


def test_an_upload_that_vanishes_again_is_a_failure(world: World) -> None:
    """Whoever takes it away would do so for ever."""
    copied(world)
    world.objects.uploads.clear()
    assert world.complete() == {"outcome": "RESTART"}
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    world.objects.uploads.clear()
    assert is_failure("STORAGE_ERROR", world.complete())


def test_what_cannot_succeed_is_not_started_again(world: World) -> None:
    """A worker has found out why."""
    copied(world)
    world.objects.uploads.clear()
    world.downloads.rows[ARN] = replace(world.row, failure=Failure("ORIGIN_NOT_FOUND", "Gone."))
    assert is_failure("ORIGIN_NOT_FOUND", world.complete())


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_finished_download_is_not_completed(world: World, status: Status) -> None:
    """A late or repeated invocation."""
    copied(world)
    world.downloads.rows[ARN] = replace(world.row, status=status)
    world.objects.calls.clear()
    assert world.complete()["outcome"] == "FAILED"
    assert not world.objects.calls


def test_a_download_that_is_gone_is_not_completed(world: World) -> None:
    """Nobody could fetch it."""
    assert is_failure("STOPPED", world.complete())
