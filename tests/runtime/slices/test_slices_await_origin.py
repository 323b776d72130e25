"""Slices whose origin is overloaded or prepares the file: they end, and the execution waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.models import Failure, Preparation, Status
from tests.runtime.support.copying import is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest
from tests.runtime.support.slicing import (
    SIZE,
    SLICES,
    complete_and_assert_stored,
    expected_parts,
    start_upload,
    uploaded_parts,
)
from tests.runtime.support.world import ARN, OriginFile, World


def overload(world: World, file: OriginFile, *statuses: int, retry_after: str = "120", location: str = "") -> None:
    """Let the origin answer these statuses, then the file."""
    remaining = list(statuses)
    headers = {"retry-after": retry_after} | ({"location": location} if location else {})

    def answer(request: OriginRequest) -> FakeBody:
        return FakeBody(remaining.pop(0), headers) if remaining else file.answer(request)

    world.origins.answer = answer


@pytest.mark.parametrize("status", [202, 429, 503])
def test_slices_wait_and_are_copied_afterwards(world: World, status: int) -> None:
    """Parts that were stored before the wait are kept, and one request asks the origin whether it is ready."""
    file = start_upload(world)
    world.copy_slice(0)
    overload(world, file, status)
    for index in range(1, SLICES):
        world.copy_slice(index)
    assert len(uploaded_parts(world)) == 3
    assert world.row.status is Status.PREPARING
    assert world.complete() == {"outcome": "PREPARING", "seconds": 120}
    world.clock.sleep(120)
    world.origins.requests.clear()
    assert world.copy(fan_out=1) == {"outcome": "PLANNED", "slices": list(range(SLICES))}
    assert (world.row.status, world.row.upload_id, len(world.origins.requests)) == (Status.COPYING, "upload-1", 1)
    for index in range(SLICES):
        world.copy_slice(index)
    complete_and_assert_stored(world, file)
    assert world.row.preparation is None


def test_slices_request_the_location_after_the_wait(world: World) -> None:
    file = start_upload(world)
    overload(world, file, 202, location="jobs/7")
    world.copy_slice(0)
    world.clock.sleep(120)
    world.copy(fan_out=1)
    for index in range(SLICES):
        world.copy_slice(index)
    after = {request.url.rpartition("/exports/")[2] for request in world.origins.requests[-5:]}
    assert after == {"a/jobs/7"}
    complete_and_assert_stored(world, file)


def test_no_worker_requests_an_origin_that_asked_for_a_wait(world: World) -> None:
    start_upload(world)
    waiting = Preparation(1, world.clock.now() + 100)
    world.downloads.rows[ARN] = replace(world.row, status=Status.PREPARING, preparation=waiting)
    world.copy_slice(0)
    assert world.origins.requests == []
    assert world.complete() == {"outcome": "PREPARING", "seconds": 100}


def test_running_worker_ends_when_another_one_was_asked_to_wait(world: World) -> None:
    file = start_upload(world)
    waiting = Preparation(1, world.clock.now() + 100)

    def prepare(_operation: str) -> None:
        world.downloads.rows[ARN] = replace(world.row, status=Status.PREPARING, preparation=waiting)
        world.clock.sleep(2)

    world.objects.after_call = prepare
    world.copy_slice(0)
    assert len(uploaded_parts(world)) < len(expected_parts(file, 0)) + 1
    assert (world.row.failure, world.row.last_error) == (None, None)
    assert world.row.preparation == waiting


def test_wait_that_is_over_before_the_map_has_ended_lasts_a_second(world: World) -> None:
    file = start_upload(world)
    overload(world, file, 202, retry_after="5")
    world.copy_slice(0)
    world.clock.sleep(9)
    assert world.complete() == {"outcome": "PREPARING", "seconds": 1}


def test_answers_to_several_slices_are_one_wait(world: World) -> None:
    file = start_upload(world)
    before = world.row
    overload(world, file, 503)
    world.copy_slice(0)
    waiting = world.row
    overload(world, file, 503, retry_after="600")
    world.downloads.before_call = lambda operation: (  # the second slice has read the item before the first wrote it
        world.downloads.rows.update({ARN: waiting}) if operation == "downloads.prepare" else None
    )
    world.downloads.rows[ARN] = before
    world.copy_slice(1)
    assert world.row == waiting


def test_retry_after_beyond_the_end_of_the_download_is_recorded_as_its_failure(world: World) -> None:
    file = start_upload(world)
    overload(world, file, 503, retry_after="86400")
    world.copy_slice(0)
    assert world.row.failure is not None
    assert world.row.failure.code == "ORIGIN_ERROR"
    assert is_failure("ORIGIN_ERROR", world.complete())


def test_failure_of_another_slice_ends_the_wait(world: World) -> None:
    file = start_upload(world, SIZE)
    overload(world, file, 503)
    world.copy_slice(0)
    world.downloads.rows[ARN] = replace(world.row, failure=Failure("ORIGIN_CHANGED", "x"))
    assert is_failure("ORIGIN_CHANGED", world.complete())


def test_cancel_during_the_wait_leaves_no_upload(world: World) -> None:
    file = start_upload(world)
    world.copy_slice(0)
    overload(world, file, 503)
    world.copy_slice(1)
    world.cancel.run(world.row)
    world.fail.run(ARN, Failure("STOPPED", "x"))
    assert (world.objects.uploads, world.row.upload_id, world.row.preparation) == ({}, None, None)
