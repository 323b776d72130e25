"""The plan of a file is exact for every size and stays below the limits of S3 and Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.logic.copying.plan import GIB, LARGEST, MAX_PART, MAX_PARTS, MIB, MIN_PART, Plan, plan

TIB = 1024**4
EVENTS_OF_A_BATCH = 40  # a Map with its run, a task and a choice, each retried
SIZES = st.one_of(
    st.integers(1, LARGEST),
    st.builds(lambda parts, off: max(1, parts * MIN_PART + off), st.integers(0, MAX_PARTS), st.integers(-2, 2)),
)


def batches_of(cut: Plan) -> Iterator[list[int]]:
    """Yield the slices of each Map."""
    first = 0
    while batch := cut.batch(first):
        yield batch
        first = batch[-1] + 1


@given(SIZES)
@example(1)
@example(LARGEST)
def test_parts_stay_within_the_limits_of_s3(size: int) -> None:
    cut = plan(size)
    assert 5 * MIB <= cut.part_size <= MAX_PART
    assert 1 <= cut.part_count <= MAX_PARTS
    assert 1 <= cut.part(cut.part_count).length <= cut.part_size


@given(st.integers(1, 40 * GIB))
@example(MIN_PART)
@example(MIN_PART + 1)
def test_slices_make_up_the_file_exactly(size: int) -> None:
    cut = plan(size)
    parts = [part for index in range(cut.slice_count) for part in cut.parts_of(index)]
    assert [part.number for part in parts] == list(range(1, cut.part_count + 1))
    assert parts[0].first == 0
    assert parts[-1].last == size - 1
    assert all(left.last + 1 == right.first for left, right in pairwise(parts))


@pytest.mark.parametrize(
    ("size", "slices", "maps"),
    [(1, 1, 1), (GIB, 16, 1), (100 * GIB, 931, 1), (TIB, 999, 1), (10 * TIB, 9_996, 10), (LARGEST, 10_000, 10)],
)
def test_slices_fit_into_state_map_and_history(size: int, slices: int, maps: int) -> None:
    cut = plan(size)
    batches = list(batches_of(cut))
    assert (cut.slice_count, len(batches)) == (slices, maps)
    assert max(map(len, batches)) <= 1_000
    assert max(len(json.dumps(batch)) for batch in batches) < 256 * 1024 / 30
    assert EVENTS_OF_A_BATCH * len(batches) < 25_000 / 50
    assert sum(part.length for part in cut.parts_of(0)) <= MAX_PART


@given(SIZES)
@example(LARGEST)
def test_batches_hold_every_slice_once_and_in_order(size: int) -> None:
    cut = plan(size)
    assert [number for batch in batches_of(cut) for number in batch] == list(range(cut.slice_count))
    assert cut.batch(cut.slice_count) == []


@pytest.mark.parametrize("size", [-1, 0, LARGEST + 1])
def test_size_that_cannot_be_planned_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="can be planned"):
        plan(size)


@pytest.mark.parametrize(
    "get", [lambda: plan(1).parts_of(-1), lambda: plan(1).parts_of(1), lambda: plan(1).part(0), lambda: plan(1).part(2)]
)
def test_slice_or_part_outside_the_file_raises_index_error(get: Callable[[], object]) -> None:
    with pytest.raises(IndexError):
        get()


def test_range_header_includes_both_ends() -> None:
    assert plan(MIN_PART + 10).part(2).header == f"bytes={MIN_PART}-{MIN_PART + 9}"
