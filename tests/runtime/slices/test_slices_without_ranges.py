"""Slices whose ranges cannot be used: the download starts over with one plain GET, and old workers do no harm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.models import Failure, Status
from tests.runtime.support.copying import assert_nothing_left, assert_stored, cancel_hook, is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest, Upload
from tests.runtime.support.fakes.hooks import run_once_at
from tests.runtime.support.odd_origins import ODD_LATER_RANGES, ODD_RANGES, OddOrigin
from tests.runtime.support.slicing import SIZE, SLICES, expected_parts, start_upload, uploaded_parts
from tests.runtime.support.world import ARN, KEY, PART, OriginFile, World, content_of

REFUSED = Failure("ORIGIN_CHANGED", "The origin answered 412 to If-Match with the ETag that it had sent.")


def refuse_conditions(world: World, file: OriginFile) -> None:
    """Let the origin answer 412 to If-Match, although the ETag is right."""
    world.origins.answer = lambda request: FakeBody(412) if "If-Match" in request.headers else file.answer(request)


def fail_ranges(world: World) -> OriginFile:
    """Begin a copy in slices whose first slice meets 412."""
    file = start_upload(world)
    world.objects.calls["create_upload"] = 1  # so that the next upload has another id
    refuse_conditions(world, file)
    world.copy_slice(0)
    assert world.row.range_failure == REFUSED
    return file


@pytest.mark.parametrize("name", [*ODD_RANGES, *ODD_LATER_RANGES])
def test_range_that_cannot_be_used_restarts_the_copy_with_a_plain_get(world: World, name: str) -> None:
    file = start_upload(world)
    origin = OddOrigin(file, (ODD_RANGES | ODD_LATER_RANGES)[name])
    world.copy_slice(1)
    world.origins.answer = origin.answer
    for index in range(SLICES):
        world.copy_slice(index)
    assert not world.clock.slept
    assert (world.row.failure, world.row.status) == (None, Status.COPYING)
    assert world.row.range_failure is not None
    assert world.complete() == {"outcome": "RESTART"}
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)
    origin.assert_one_plain_get()


def test_workers_that_start_after_a_range_failure_request_nothing(world: World) -> None:
    fail_ranges(world)
    before = len(world.origins.requests)
    world.copy_slice(1)
    assert len(world.origins.requests) == before


def test_file_that_changes_between_slices_is_never_mixed(world: World) -> None:
    file = start_upload(world)
    world.copy_slice(0)
    file.content, file.etag = content_of(SIZE + 1)[:SIZE], '"v2"'
    world.copy_slice(1)
    assert world.complete() == {"outcome": "RESTART"}
    assert KEY not in world.objects.objects
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_parts_that_are_complete_in_spite_of_a_range_failure_become_the_object(world: World) -> None:
    """A child may run twice: the second met another answer than the first."""
    file = start_upload(world)
    for index in range(SLICES):
        world.copy_slice(index)
    world.downloads.record_range_failure(ARN, failure=REFUSED, upload_id="upload-1")
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.objects[KEY].body == file.content


def test_final_failure_of_another_worker_ends_the_download(world: World) -> None:
    fail_ranges(world)
    world.downloads.record_failure(ARN, failure=Failure("ORIGIN_NOT_FOUND", "Gone."), upload_id="upload-1")
    assert is_failure("ORIGIN_NOT_FOUND", world.complete())


def test_complete_and_copy_may_run_again(world: World) -> None:
    """Lambda or the state machine may repeat either of them."""
    file = fail_ranges(world)
    assert world.complete() == {"outcome": "RESTART"}
    assert world.complete() == {"outcome": "RESTART"}
    world.objects.uploads.clear()
    assert world.complete() == {"outcome": "RESTART"}
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert world.complete() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_upload_that_vanished_before_is_no_obstacle(world: World) -> None:
    """Each of the two restarts is allowed once."""
    start_upload(world)
    world.objects.uploads.clear()
    assert world.complete() == {"outcome": "RESTART"}
    file = fail_ranges_again(world)
    assert world.complete() == {"outcome": "RESTART"}
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)


def fail_ranges_again(world: World) -> OriginFile:
    """Plan the slices again, and let the first meet 412."""
    file = world.serve(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    refuse_conditions(world, file)
    world.copy_slice(0)
    return file


def test_late_worker_of_the_old_upload_changes_nothing(world: World) -> None:
    """Its part is refused or dropped, and its failure is not recorded."""
    file = fail_ranges(world)
    old = world.row
    assert world.complete() == {"outcome": "RESTART"}

    def run_late_worker() -> None:
        row, answer = world.row, world.origins.answer
        assert row.upload_id not in (None, old.upload_id)
        world.downloads.rows[ARN] = replace(old, range_failure=None)  # as the late worker has read it
        world.origins.answer = file.answer
        world.copy_slice(2)
        world.downloads.rows[ARN], world.origins.answer = row, answer
        for record in (world.downloads.record_failure, world.downloads.record_range_failure):
            assert not record(ARN, failure=REFUSED, upload_id=str(old.upload_id))

    world.objects.before_call = run_once_at("complete", run_late_worker)
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_part_in_flight_that_recreates_the_old_upload_is_aborted_again(world: World) -> None:
    file = fail_ranges(world)
    assert world.complete() == {"outcome": "RESTART"}
    world.objects.after_call = run_once_at(
        "abort", lambda: world.objects.uploads.update({"upload-1": Upload(KEY, "text/csv", {})})
    )
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("moment", ["before", "during"])
def test_download_cancelled_at_its_restart_leaves_nothing(world: World, moment: str) -> None:
    fail_ranges(world)
    assert world.complete() == {"outcome": "RESTART"}
    if moment == "before":
        cancel_hook(world)()
    else:
        world.objects.before_call = run_once_at("create_upload", cancel_hook(world))
    assert is_failure("STOPPED", world.copy(fan_out=1))
    world.fail.run(ARN, Failure("STOPPED", "Stopped."))
    assert_nothing_left(world)


def test_file_too_large_for_one_worker_fails_with_what_the_origin_did(world: World) -> None:
    fail_ranges(world)
    assert world.complete() == {"outcome": "RESTART"}
    outcome = world.copy(fan_out=1, largest=SIZE - 1)
    assert is_failure("FILE_TOO_LARGE", outcome)
    error = outcome["error"]
    assert isinstance(error, dict)
    assert "One worker has to copy the file" in error["message"]
    assert REFUSED.message in error["message"]
    world.fail.run(ARN, Failure(error["code"], error["message"]))
    assert_nothing_left(world)


def test_size_of_the_slices_is_forgotten_if_the_plain_answer_has_none(world: World) -> None:
    """Progress messages would compare the copied bytes with it."""
    file = fail_ranges(world)
    file.length = False
    sizes: list[int | None] = []
    world.objects.before_call = lambda operation: (
        sizes.append(world.row.size) if operation in ("create_upload", "complete") else None
    )
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert sizes == [SIZE, None]
    assert_stored(world, file.content)


@pytest.mark.parametrize("piece", [1, 64, PART - 1])
@pytest.mark.parametrize("streamed", [False, True], ids=["held", "streamed"])
def test_slice_is_continued_behind_short_answers(world: World, piece: int, streamed: bool) -> None:
    file = start_upload(world)
    pieces = iter([*range(1, 40), *[piece] * 20])

    def answer(request: OriginRequest) -> FakeBody:
        file.max_range = next(pieces, None)
        return file.answer(request)

    world.origins.answer = answer
    world.copy_slice(0, streamed=streamed)
    assert uploaded_parts(world) == expected_parts(file, 0)
