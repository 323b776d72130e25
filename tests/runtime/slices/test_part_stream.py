"""Parts that are too large to be held: streamed in order, in bounded memory, mended in their place or read anew."""

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
def test_streamed_parts_are_the_file(size: int, cuts: list[int | None]) -> None:
    """Whatever its size, and wherever the origin breaks off."""
    world = World()
    file = start_upload(world, size)
    file.cuts = cuts
    for index in range(-(-size // (3 * PART))):
        world.copy_slice(index, streamed=True)
    assert world.objects.calls["upload_part"] == 0
    complete_and_assert_stored(world, file)


def test_pieces_are_asked_for_ahead_and_no_further(world: World) -> None:
    """Memory is a few pieces, whatever the length of a part."""
    start_upload(world)
    most = 0

    def reading(_operation: str) -> None:
        nonlocal most
        most = max(most, sum(not body.closed for body in world.origins.bodies))

    world.objects.after = reading
    world.copy_slice(0, streamed=True)
    assert len(world.origins.asked) == 3 * 4  # 333 + 333 + 333 + 1 bytes
    assert most <= AHEAD


def test_a_body_that_s3_did_not_take_is_read_anew(world: World) -> None:
    """It cannot be rewound."""
    file = start_upload(world)
    failures = [StorageError("upload_part", "SlowDown"), StorageError("upload_part", "SlowDown")]
    world.objects.after = lambda operation: failing(operation, failures)
    world.copy_slice(0, streamed=True)
    assert failures == []
    assert len(world.clock.slept) == 2
    assert uploaded_parts(world) == expected_parts(file, 0)


def test_a_bucket_that_takes_nothing_is_left_to_another_worker(world: World) -> None:
    """After some tries."""
    start_upload(world)
    world.objects.after = lambda operation: failing(operation, 9 * [StorageError("upload_part", "SlowDown")])
    with pytest.raises(StorageError):
        world.copy_slice(0, streamed=True)
    assert world.objects.calls["stream_part"] == 4


def test_an_origin_that_fails_is_told_and_not_the_bucket(world: World) -> None:
    """S3 only saw the body end early."""
    start_upload(world)
    world.origins.answer = lambda _asked: FakeBody(503)
    with pytest.raises(OriginBusyError):
        world.copy_slice(0, streamed=True)
    assert world.row.last_error is not None
    assert world.row.last_error.code == "ORIGIN_ERROR"
    assert uploaded_parts(world) == {}


def test_an_origin_too_slow_for_one_part_is_named_as_the_reason(world: World) -> None:
    """A worker that stored a part is followed by one that goes on; one that stored none has no better successor."""
    file = start_upload(world)

    seconds = 0.0

    def read() -> None:
        world.clock.time += seconds

    file.on_read = read
    for each, said in ((50.0, f"{PART} bytes"), (20.0, "in the time that there is")):
        seconds = each
        with pytest.raises(TimedOutError, match=said):
            world.copy_slice(0, streamed=True)
        assert world.row.last_error is not None
        assert (world.row.last_error.code, said in world.row.last_error.message) == ("TIMED_OUT", True)
    assert len(uploaded_parts(world)) == 1


def test_a_file_that_is_gone_is_noted(world: World) -> None:
    """Nothing can mend it."""
    start_upload(world)
    world.origins.answer = lambda _asked: FakeBody(404)
    world.copy_slice(0, streamed=True)
    assert world.row.failure is not None
    assert world.row.failure.code == "ORIGIN_NOT_FOUND"


def test_a_cancel_ends_a_part_in_the_middle(world: World) -> None:
    """A part may take two minutes; the row is looked at all the while."""
    start_upload(world)

    def read(operation: str) -> None:
        if operation == "stream_chunk":
            world.clock.time += 1.5
            world.downloads.rows[ARN] = replace(world.row, status=Status.CANCELLED)

    world.objects.after = read
    world.copy_slice(0, streamed=True)
    assert uploaded_parts(world) == {}
    assert world.row.last_error is None


def test_what_an_earlier_worker_stored_is_used_again(world: World) -> None:
    """As with parts that are held."""
    file = start_upload(world)
    for _ in range(2):
        for index in range(SLICES):
            world.copy_slice(index, streamed=True)
    assert world.objects.calls["stream_part"] == -(-SIZE // PART)
    complete_and_assert_stored(world, file)


def failing(operation: str, failures: list[StorageError]) -> None:
    """Fail when a body was read to its end, as often as there are failures."""
    if operation == "stream_part" and failures:
        raise failures.pop()
