"""The requests of real downloads, compared with the counts from which docs/scaling.md and docs/cost.md are computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from benchmarks.costs import counted_bill, derived_bill
from benchmarks.scaling import whole_file_bill
from benchmarks.stage import Counted, counted_stack
from localcloud.origin import parse_size

SETTINGS = {
    "copying.sliceThresholdMb": 64,
    "limits.maxDownloadsPerCaller": 100,
    "websocket.idleTimeoutSeconds": 10,
}
PROGRESS = {"GET uploadId", "GetItem", "UpdateItem"}  # a slow machine sends progress messages


@pytest.fixture(scope="module")
def counted() -> Iterator[Counted]:
    """A warm stack on an emulator that counts the requests of functions."""
    with counted_stack(SETTINGS) as stack:
        counted_bill(stack, "1KB")
        yield stack


@pytest.mark.parametrize("size", ["1MB", "10MB"])
def test_a_small_file_takes_the_requests_that_the_pages_say(counted: Counted, size: str) -> None:  # noqa: D103 - its name says it
    bill, expected = counted_bill(counted, size), whole_file_bill(parse_size(size))
    assert (bill.transitions, bill.invocations, bill.children) == (expected.transitions, expected.invocations, 0)
    assert (bill.s3, bill.dynamodb) == (expected.s3, expected.dynamodb)


def test_slices_take_the_requests_that_the_pages_say(counted: Counted) -> None:  # noqa: D103 - as above
    bill, expected = counted_bill(counted, "100MB"), derived_bill(parse_size("100MB"))
    assert (bill.transitions, bill.invocations, bill.children) == (8, 9, 2)
    assert without_progress(bill.s3) == without_progress(expected.s3)
    assert without_progress(bill.dynamodb) == without_progress(expected.dynamodb)
    sent = bill.dynamodb["UpdateItem"] - expected.dynamodb["UpdateItem"]  # each message: a list, a read, a write
    assert sent >= 0
    assert bill.s3["GET uploadId"] - expected.s3["GET uploadId"] == sent


def without_progress(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts that do not depend on the machine's speed."""
    return {name: count for name, count in counts.items() if name not in PROGRESS}
