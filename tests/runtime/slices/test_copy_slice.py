"""Workers of slices: their parts make up the file, however often a worker stops or is repeated."""

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
def test_slices_of_any_size_in_any_order_make_up_the_file(size: int, order: st.DataObject) -> None:
    """No byte is requested twice."""
    world = World()
    file = start_upload(world, size)
    slices = list(range(-(-size // (3 * PART))))
    order.shuffle(slices)  # type: ignore[attr-defined]
    for index in slices:
        world.copy_slice(index)
    ranges = sorted(ranges.headers["Range"] for ranges in world.origins.requests)
    assert len(ranges) == len(set(ranges)) == -(-size // PART)
    complete_and_assert_stored(world, file)
    assert world.row.stored is not None
    assert world.row.stored.sha256 is None


def test_every_range_asks_for_the_planned_version_uncompressed(world: World) -> None:
    start_upload(world)
    world.copy_slice(3)
    headers = {request.headers["Range"]: request.headers for request in world.origins.requests}
    assert set(headers) == {f"bytes={9 * PART}-{10 * PART - 1}", f"bytes={10 * PART}-{SIZE - 1}"}
    assert {
        (request_headers["If-Match"], request_headers["Accept-Encoding"]) for request_headers in headers.values()
    } == {('"v1"', "identity")}
    assert all(body.closed for body in world.origins.bodies)


def test_parts_of_an_earlier_worker_are_reused(world: World) -> None:
    file = start_upload(world)
    uploaded_parts(world).update({4: file.content[3 * PART : 4 * PART], 5: b"short"})
    world.copy_slice(1)
    assert uploaded_parts(world) == expected_parts(file, 1)
    assert len(world.origins.requests) == 2
    world.copy_slice(1)
    assert len(world.origins.requests) == 2


def test_memory_is_bounded_by_the_lanes(world: World) -> None:
    start_upload(world)
    world.objects.after_call = lambda _operation: time.sleep(0.001)
    for index in range(SLICES):
        world.copy_slice(index)
    assert world.objects.max_bytes_in_flight <= 4 * PART


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.none() | st.integers(0, PART), max_size=3))
def test_part_that_is_cut_is_resumed(cuts: list[int | None]) -> None:
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
def test_slice_of_a_finished_download_is_not_copied(world: World, fields: dict[str, object]) -> None:
    """A child of a Map that was stopped may start late."""
    start_upload(world)
    world.downloads.rows[ARN] = replace(world.row, **fields)  # type: ignore[arg-type]
    world.copy_slice(0)
    assert world.origins.requests == []
    assert not world.objects.calls


def test_slice_of_a_missing_download_is_not_copied(world: World) -> None:
    world.copy_slice(0)
    assert world.origins.requests == []


@pytest.mark.parametrize("change", ["cancelled", "another upload", "failure"])
def test_worker_stops_between_parts_if_the_row_has_changed(world: World, change: str) -> None:
    """It reads the row once a second; StopExecution does not reach it."""
    start_upload(world, 60 * PART)
    fields: dict[str, dict[str, object]] = {
        "cancelled": {"status": Status.CANCELLED},
        "another upload": {"upload_id": "upload-2"},
        "failure": {"failure": Failure("ORIGIN_CHANGED", "Changed.")},
    }

    def change_row(operation: str) -> None:
        if operation == "upload_part":
            world.clock.time += 1.5
            world.downloads.rows[ARN] = replace(world.row, **fields[change])  # type: ignore[arg-type]

    world.objects.after_call = change_row
    world.copy_slice(0, wide=True)
    assert 1 <= len(uploaded_parts(world)) <= 8
    assert world.row.failure == fields[change].get("failure")


def test_row_is_read_at_most_once_a_second(world: World) -> None:
    start_upload(world, 60 * PART)
    world.downloads.calls.clear()
    world.objects.after_call = lambda operation: world.clock.sleep(0.1) if operation == "upload_part" else None
    world.copy_slice(0, wide=True)
    assert len(uploaded_parts(world)) == 60
    assert 4 <= world.downloads.calls["get"] <= 8


def test_aborted_upload_ends_the_worker_without_an_error(world: World) -> None:
    start_upload(world)
    world.objects.uploads.clear()
    world.copy_slice(0)
    assert world.row.last_error is None
    assert world.row.failure is None


def test_cancel_at_any_time_leaves_nothing(world: World) -> None:
    start_upload(world)
    world.objects.before_call = lambda operation: cancel_hook(world)() if operation == "upload_part" else None
    world.copy_slice(0)
    world.fail.run(ARN, Failure("STOPPED", "..."))
    world.copy_slice(1)
    assert is_failure("STOPPED", world.complete())
    assert_nothing_left(world)
