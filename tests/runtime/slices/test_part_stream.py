"""Parts too large for memory: streamed in order, resumed in place, or read again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import OriginBusyError, StorageError, TimedOutError
from runtime.logic.slices.part_stream import AHEAD
from runtime.models import Status
from tests.runtime.support.fakes import FakeBody
from tests.runtime.support.slicing import (
    SIZE,
    SLICES,
    complete_and_assert_stored,
    expected_parts,
    start_upload,
    uploaded_parts,
)
from tests.runtime.support.world import ARN, PART, World

PIECE = PART // 3


@settings(max_examples=40, deadline=None)
@given(size=st.integers(2 * PART, 8 * PART), cuts=st.lists(st.none() | st.integers(0, PIECE), max_size=3))
def test_streamed_parts_make_up_the_file(size: int, cuts: list[int | None]) -> None:
    world = World()
    file = start_upload(world, size)
    file.cuts = cuts
    for index in range(-(-size // (3 * PART))):
        world.copy_slice(index, streamed=True)
    assert world.objects.calls["upload_part"] == 0
    complete_and_assert_stored(world, file)


def test_pieces_are_requested_ahead_up_to_a_limit(world: World) -> None:
    start_upload(world)
    max_open = 0

    def count_open_bodies(_operation: str) -> None:
        nonlocal max_open
        max_open = max(max_open, sum(not body.closed for body in world.origins.bodies))

    world.objects.after_call = count_open_bodies
    world.copy_slice(0, streamed=True)
    assert len(world.origins.requests) == 3 * 4  # 333 + 333 + 333 + 1 bytes
    assert max_open <= AHEAD


def test_body_that_s3_refused_is_read_again(world: World) -> None:
    file = start_upload(world)
    failures = [StorageError("upload_part", "SlowDown"), StorageError("upload_part", "SlowDown")]
    world.objects.after_call = lambda operation: fail_after_body(operation, failures)
    world.copy_slice(0, streamed=True)
    assert failures == []
    assert len(world.clock.slept) == 2
    assert uploaded_parts(world) == expected_parts(file, 0)


def test_bucket_that_refuses_every_attempt_is_left_to_the_next_worker(world: World) -> None:
    start_upload(world)
    world.objects.after_call = lambda operation: fail_after_body(
        operation, 9 * [StorageError("upload_part", "SlowDown")]
    )
    with pytest.raises(StorageError):
        world.copy_slice(0, streamed=True)
    assert world.objects.calls["stream_part"] == 4


def test_failure_of_the_origin_is_recorded_not_that_of_the_bucket(world: World) -> None:
    """S3 only saw the body end early."""
    start_upload(world)
    world.origins.answer = lambda _request: FakeBody(503)
    with pytest.raises(OriginBusyError):
        world.copy_slice(0, streamed=True)
    assert world.row.last_error is not None
    assert world.row.last_error.code == "ORIGIN_ERROR"
    assert uploaded_parts(world) == {}


def test_origin_too_slow_for_a_part_is_recorded_as_timed_out(world: World) -> None:
    """If no part was stored, another worker would do no better."""
    file = start_upload(world)

    seconds = 0.0

    def read() -> None:
        world.clock.time += seconds

    file.on_read = read
    for seconds_per_read, hint in ((50.0, f"{PART} bytes"), (20.0, "in the time that there is")):
        seconds = seconds_per_read
        with pytest.raises(TimedOutError, match=hint):
            world.copy_slice(0, streamed=True)
        assert world.row.last_error is not None
        assert (world.row.last_error.code, hint in world.row.last_error.message) == ("TIMED_OUT", True)
    assert len(uploaded_parts(world)) == 1


def test_file_that_is_gone_is_recorded_as_a_permanent_failure(world: World) -> None:
    start_upload(world)
    world.origins.answer = lambda _request: FakeBody(404)
    world.copy_slice(0, streamed=True)
    assert world.row.failure is not None
    assert world.row.failure.code == "ORIGIN_NOT_FOUND"


def test_cancel_ends_a_part_in_the_middle(world: World) -> None:
    """A part may take two minutes; the row is read all the while."""
    start_upload(world)

    def read(operation: str) -> None:
        if operation == "stream_chunk":
            world.clock.time += 1.5
            world.downloads.rows[ARN] = replace(world.row, status=Status.CANCELLED)

    world.objects.after_call = read
    world.copy_slice(0, streamed=True)
    assert uploaded_parts(world) == {}
    assert world.row.last_error is None


def test_parts_of_an_earlier_worker_are_reused(world: World) -> None:
    file = start_upload(world)
    for _ in range(2):
        for index in range(SLICES):
            world.copy_slice(index, streamed=True)
    assert world.objects.calls["stream_part"] == -(-SIZE // PART)
    complete_and_assert_stored(world, file)


def fail_after_body(operation: str, failures: list[StorageError]) -> None:
    """Raise the next failure when a body was read to its end."""
    if operation == "stream_part" and failures:
        raise failures.pop()
