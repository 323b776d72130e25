"""Workers of slices: what they store has_all_parts the file, whoever stops or repeats them."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.models import Failure, Status
from tests.runtime.support.copying import assert_nothing_left, cancel_hook, is_failure
from tests.runtime.support.slicing import (
    SIZE,
    SLICES,
    complete_and_assert_stored,
    expected_parts,
    start_upload,
    uploaded_parts,
)
from tests.runtime.support.world import ARN, PART, World


@settings(max_examples=40, deadline=None)
@given(size=st.integers(2 * PART, 14 * PART), order=st.randoms(use_true_random=False))
def test_slices_of_any_size_in_any_order_are_the_file(size: int, order: st.DataObject) -> None:
    """Byte for byte, and no byte is asked for twice."""
    world = World()
    file = start_upload(world, size)
    slices = list(range(-(-size // (3 * PART))))
    order.shuffle(slices)  # type: ignore[attr-defined]
    for index in slices:
        world.copy_slice(index)
    asked = sorted(asked.headers["Range"] for asked in world.origins.asked)
    assert len(asked) == len(set(asked)) == -(-size // PART)
    complete_and_assert_stored(world, file)
    assert world.row.stored is not None
    assert world.row.stored.sha256 is None


def test_every_range_is_of_the_planned_version_and_comes_as_it_is(world: World) -> None:
    """Never compressed, never of another version."""
    start_upload(world)
    world.copy_slice(3)
    headers = {asked.headers["Range"]: asked.headers for asked in world.origins.asked}
    assert set(headers) == {f"bytes={9 * PART}-{10 * PART - 1}", f"bytes={10 * PART}-{SIZE - 1}"}
    assert {(one["If-Match"], one["Accept-Encoding"]) for one in headers.values()} == {('"v1"', "identity")}
    assert all(body.closed for body in world.origins.bodies)


def test_what_an_earlier_worker_stored_is_used_again(world: World) -> None:
    """Only what is missing, or has the wrong size, is fetched."""
    file = start_upload(world)
    uploaded_parts(world).update({4: file.content[3 * PART : 4 * PART], 5: b"short"})
    world.copy_slice(1)
    assert uploaded_parts(world) == expected_parts(file, 1)
    assert len(world.origins.asked) == 2
    world.copy_slice(1)
    assert len(world.origins.asked) == 2


def test_memory_is_a_buffer_for_each_of_a_few_lanes(world: World) -> None:
    """However many parts there are."""
    start_upload(world)
    world.objects.after = lambda _operation: time.sleep(0.001)
    for index in range(SLICES):
        world.copy_slice(index)
    assert world.objects.largest_parts <= 4 * PART


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.none() | st.integers(0, PART), max_size=3))
def test_a_part_that_breaks_off_goes_on_where_it_did(cuts: list[int | None]) -> None:
    """Up to three cuts anywhere."""
    world = World()
    file = start_upload(world)
    file.cuts = cuts
    world.copy_slice(0)
    assert uploaded_parts(world) == expected_parts(file, 0)
    assert world.row.failure is None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": Status.CANCELLED},
        {"status": Status.FAILED},
        {"upload_id": None},
        {"version": None},
        {"expires_at": 1},
        {"failure": Failure("ORIGIN_CHANGED", "Changed.")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_slice_that_nobody_wants_is_not_copied(world: World, fields: dict[str, object]) -> None:
    """A late child, of a Map that was stopped or of an execution that is over."""
    start_upload(world)
    world.downloads.rows[ARN] = replace(world.row, **fields)  # type: ignore[arg-type]
    world.copy_slice(0)
    assert world.origins.asked == []
    assert not world.objects.calls


def test_a_download_that_is_gone_is_not_copied(world: World) -> None:
    """Its row is not there."""
    world.copy_slice(0)
    assert world.origins.asked == []


@pytest.mark.parametrize("change", ["cancelled", "another upload", "failure"])
def test_a_worker_sees_between_parts_that_it_should_stop(world: World, change: str) -> None:
    """It looks once a second; StopExecution does not reach it."""
    start_upload(world, 60 * PART)
    fields: dict[str, dict[str, object]] = {
        "cancelled": {"status": Status.CANCELLED},
        "another upload": {"upload_id": "upload-2"},
        "failure": {"failure": Failure("ORIGIN_CHANGED", "Changed.")},
    }

    def stored(operation: str) -> None:
        if operation == "upload_part":
            world.clock.time += 1.5
            world.downloads.rows[ARN] = replace(world.row, **fields[change])  # type: ignore[arg-type]

    world.objects.after = stored
    world.copy_slice(0, wide=True)
    assert 1 <= len(uploaded_parts(world)) <= 8
    assert world.row.failure == fields[change].get("failure")


def test_a_worker_looks_at_the_row_at_most_once_a_second(world: World) -> None:
    """A look costs money."""
    start_upload(world, 60 * PART)
    world.downloads.calls.clear()
    world.objects.after = lambda operation: world.clock.sleep(0.1) if operation == "upload_part" else None
    world.copy_slice(0, wide=True)
    assert len(uploaded_parts(world)) == 60
    assert 4 <= world.downloads.calls["get"] <= 8


def test_an_upload_that_was_aborted_ends_the_worker_quietly(world: World) -> None:
    """A cancel has come and gone."""
    start_upload(world)
    world.objects.uploads.clear()
    world.copy_slice(0)
    assert world.row.last_error is None
    assert world.row.failure is None


def test_a_cancel_at_any_time_leaves_nothing(world: World) -> None:
    """Also not a part that was in flight."""
    start_upload(world)
    world.objects.fail = lambda operation: cancel_hook(world)() if operation == "upload_part" else None
    world.copy_slice(0)
    world.fail.run(ARN, Failure("STOPPED", "..."))
    world.copy_slice(1)
    assert is_failure("STOPPED", world.complete())
    assert_nothing_left(world)
