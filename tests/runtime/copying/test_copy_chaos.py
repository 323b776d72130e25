"""Whole copies while origin and bucket fail at random: the file in the end, or a typed failure and nothing left."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeVar

import pytest

from localcloud.origin import Origin
from runtime.errors import ServiceError, TransferError
from runtime.logic.copying import plan
from runtime.logic.copying.outcome import Outcome
from runtime.models import Status
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.whole import FAN_OUT, HttpWorld

SIZE = 9 * plan.MIN_PART + 5  # two slices
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
    "reset_after=3000000&after={n}&times=3",
    "close_after=5000000&times=2",
    "short=77&after={n}&times=1",
    "extra=3&after={n}&times=1",
    "status=416&after={n}&times=1",
    "status=404&after={n}",
    "ranges=no&after={n}&times=1",
    "change_after={n}&grow=9",
]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """Our origin; what it does is asked for in the path."""
    with Origin() as running:
        yield running


def disturb(stub: S3Stub, chance: random.Random) -> None:
    """Up to four things that go wrong at S3."""
    for _ in range(chance.randrange(5)):
        operation = chance.choice(OPERATIONS)
        part = chance.choice([None, 1, 4, 10]) if operation == "UploadPart" else None
        kind = chance.randrange(6)
        if kind == 0 and operation in BODIES:
            stub.faults.cut(operation, part=part)
        elif kind == 1 and operation != "CreateMultipartUpload":  # nobody would know of what was begun
            stub.faults.lose_reply(operation, part=part)
        elif kind == 2 and operation == "CompleteMultipartUpload":
            stub.faults.conflict(operation) if chance.random() < 0.5 else stub.faults.refuse_in_200(
                operation, "SlowDown"
            )
        else:
            status, code = chance.choice([(503, "SlowDown"), (500, "InternalError")])
            stub.faults.refuse(operation, status, code, times=chance.randrange(1, 8), part=part)


def patiently(tries: int, work: Callable[[], Result]) -> Result:
    """As the state machine tries again."""
    for _ in range(tries - 1):
        with suppress(ServiceError, TransferError):
            return work()
    return work()


def run(whole: HttpWorld, fan_out: int) -> Outcome:
    """As the state machine goes."""

    def slices() -> None:
        for index in range(whole.slice_count):
            patiently(2, partial(whole.copy_slice, index))

    while True:
        outcome = patiently(3, lambda: whole.copy(fan_out=fan_out))
        if outcome["outcome"] != "PLANNED":
            return outcome
        patiently(3, slices)
        outcome = patiently(3, whole.complete)
        if outcome["outcome"] != "RESTART":
            return outcome


@pytest.mark.parametrize("seed", range(16))
def test_a_copy_ends_well_or_with_a_reason_and_nothing_left(s3_stub: S3Stub, origin: Origin, seed: int) -> None:
    """Whatever happens together."""
    chance = random.Random(seed)
    options = chance.choice(ORIGINS).format(n=chance.randrange(6))
    whole = HttpWorld(s3_stub, origin, SIZE, options)
    disturb(s3_stub, chance)
    outcome: Outcome = {}
    with suppress(ServiceError, TransferError):
        outcome = run(whole, chance.choice([0, FAN_OUT]))
    s3_stub.faults.clear()
    if outcome == {"outcome": "STORED"}:
        whole.assert_stored(grown=(whole.row.size or 0) - SIZE)
        return
    whole.fail()
    whole.assert_nothing_left()
    assert whole.row.status is Status.FAILED
    assert whole.row.failure is not None
