"""The cut of a file is exact for every size, and stays below the limits of S3 and Step Functions."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.logic.plan import GIB, LARGEST, LEAST_PART, MIB, MOST_PART, MOST_PARTS, plan

TIB = 1024**4
SIZES = st.one_of(
    st.integers(1, LARGEST),
    st.builds(lambda parts, off: max(1, parts * LEAST_PART + off), st.integers(0, MOST_PARTS), st.integers(-2, 2)),
)


@given(SIZES)
@example(1)
@example(LARGEST)
def test_parts_keep_within_the_limits_of_s3(size: int) -> None:
    cut = plan(size)
    assert 5 * MIB <= cut.part_size <= MOST_PART
    assert 1 <= cut.part_count <= MOST_PARTS
    assert 1 <= cut.part(cut.part_count).length <= cut.part_size


@given(st.integers(1, 40 * GIB))
@example(LEAST_PART)
@example(LEAST_PART + 1)
def test_slices_tile_the_file_exactly(size: int) -> None:
    cut = plan(size)
    parts = [part for index in range(cut.slice_count) for part in cut.parts_of(index)]
    assert [part.number for part in parts] == list(range(1, cut.part_count + 1))
    assert parts[0].first == 0
    assert parts[-1].last == size - 1
    assert all(left.last + 1 == right.first for left, right in pairwise(parts))


@pytest.mark.parametrize(
    ("size", "slices"), [(GIB, 16), (100 * GIB, 925), (TIB, 1_000), (10 * TIB, 10_000), (LARGEST, 10_000)]
)
def test_slices_fit_the_state_and_the_history(size: int, slices: int) -> None:
    cut = plan(size)
    assert cut.slice_count <= max(slices * 1.2, 1)
    assert len(json.dumps(list(range(cut.slice_count)))) < 256 * 1024 / 3
    assert sum(part.length for part in cut.parts_of(0)) <= MOST_PART


@pytest.mark.parametrize("size", [-1, 0, LARGEST + 1])
def test_what_cannot_be_planned_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="can be planned"):
        plan(size)


@pytest.mark.parametrize("index", [-1, 1])
def test_there_is_no_slice_beside_the_file(index: int) -> None:
    with pytest.raises(IndexError):
        plan(1).parts_of(index)


@pytest.mark.parametrize("number", [0, 2])
def test_there_is_no_part_beside_the_file(number: int) -> None:
    with pytest.raises(IndexError):
        plan(1).part(number)


def test_a_range_is_asked_for_with_both_ends_included() -> None:
    assert plan(LEAST_PART + 10).part(2).header == f"bytes={LEAST_PART}-{LEAST_PART + 9}"
