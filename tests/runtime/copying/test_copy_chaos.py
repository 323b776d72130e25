"""Whole copies with random faults of origin and bucket: the complete file, or a typed failure and nothing left."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeVar

import pytest

from client.tests.support.examples import some
from localcloud.origin import Origin
from runtime.errors import ServiceError, TransferError
from runtime.logic.copying import plan
from runtime.logic.copying.outcome import Outcome
from runtime.models import Status
from tests.runtime.support.http_world import HttpWorld
from tests.runtime.support.s3_stub import S3Stub

PART = plan.MIB
SIZE = 9 * PART + 5  # two slices
OPERATIONS = ["CreateMultipartUpload", "UploadPart", "UploadPart", "ListParts", "CompleteMultipartUpload", "HeadObject"]
Result = TypeVar("Result")
BODIES = ("UploadPart", "CompleteMultipartUpload")
ORIGINS = [
    "",
    "ranges=no",
    "length=no",
    "etag=none",
    "status=503&after={n}&times=2",
    "status=0&after={n}&times=2",
    "reset_after=375000&after={n}&times=3",
    "close_after=625000&times=2",
    "short=77&after={n}&times=1",
    "extra=3&after={n}&times=1",
    "status=416&after={n}&times=1",
    "status=404&after={n}",
    "ranges=no&after={n}&times=1",
    "change_after={n}&grow=9",
    "range_status=403",
    "range_status=500&after={n}",
    "range_status=400&after={n}&times=1",
    "max_range=700000",
    "max_range=65536&times={n}",
    "if_match=412",
    "if_match=412&after={n}&times=2",
]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """Return the origin server; the path selects its behaviour."""
    with Origin() as running:
        yield running


def add_faults(stub: S3Stub, randomness: random.Random) -> None:
    """Add up to four faults of S3."""
    for _ in range(randomness.randrange(5)):
        operation = randomness.choice(OPERATIONS)
        part = randomness.choice([None, 1, 4, 10]) if operation == "UploadPart" else None
        kind = randomness.randrange(6)
        if kind == 0 and operation in BODIES:
            stub.faults.cut(operation, part=part)
        elif kind == 1 and operation != "CreateMultipartUpload":  # nothing would name the upload that it created
            stub.faults.lose_reply(operation, part=part)
        elif kind == 2 and operation == "CompleteMultipartUpload":
            stub.faults.conflict(operation) if randomness.random() < 0.5 else stub.faults.refuse_in_200(
                operation, "SlowDown"
            )
        else:
            status, code = randomness.choice([(503, "SlowDown"), (500, "InternalError")])
            stub.faults.refuse(operation, status, code, times=randomness.randrange(1, 8), part=part)


def retry(attempts: int, function: Callable[[], Result]) -> Result:
    """Call a function until it succeeds, at most `tries` times."""
    for _ in range(attempts - 1):
        with suppress(ServiceError, TransferError):
            return function()
    return function()


def run_state_machine(download: HttpWorld, fan_out: int) -> Outcome:
    """Run the workers as the state machine does."""

    def copy_slices() -> None:
        for index in range(download.slice_count):
            retry(2, partial(download.copy_slice, index))

    while True:
        outcome = retry(3, lambda: download.copy(fan_out=fan_out))
        if outcome["outcome"] != "PLANNED":
            return outcome
        retry(3, copy_slices)
        outcome = retry(3, download.complete)
        if outcome["outcome"] != "RESTART":
            return outcome


@pytest.mark.parametrize("seed", range(some(2 * len(ORIGINS), share=2)))
def test_copy_is_complete_or_fails_with_a_reason_and_nothing_left(s3_stub: S3Stub, origin: Origin, seed: int) -> None:
    randomness = random.Random(seed)
    options = ORIGINS[seed % len(ORIGINS)].format(n=randomness.randrange(6))
    download = HttpWorld(s3_stub, origin, SIZE, options, part_size=PART)
    add_faults(s3_stub, randomness)
    outcome: Outcome = {}
    with suppress(ServiceError, TransferError):
        outcome = run_state_machine(download, randomness.choice([0, PART]))
    s3_stub.faults.clear()
    if outcome == {"outcome": "STORED"}:
        download.assert_stored(grown=(download.row.size or 0) - SIZE)
        return
    download.fail()
    download.assert_nothing_left()
    assert download.row.status is Status.FAILED
    assert download.row.failure is not None
