"""A call to DynamoDB: tried again where two writers meet, answered where a condition fails, else an error of ours."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from runtime.adapters import tables
from runtime.errors import ServiceError, TransientServiceError


def error(code: str, *reasons: str) -> ClientError:
    """What DynamoDB raises."""
    described: Any = {"Error": {"Code": code, "Message": "https://dynamodb secret"}}
    if reasons:
        described["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(described, "TransactWriteItems")


@pytest.mark.parametrize(
    "conflict",
    [
        error("TransactionConflictException"),
        error("TransactionCanceledException", "None", "TransactionConflict"),
        error("TransactionInProgressException"),
    ],
)
def test_a_conflict_with_another_writer_is_tried_again(conflict: ClientError, monkeypatch: pytest.MonkeyPatch) -> None:
    """With jitter; the SDK does not do it."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    answers: list[ClientError | None] = [conflict, conflict, None]

    def request() -> str:
        answer = answers.pop(0)
        if answer:
            raise answer
        return "done"

    assert tables.call("UpdateItem", request) == "done"
    assert len(waits) == 2
    assert 0.01 <= waits[0] <= 0.02 <= waits[1] <= 0.04


def test_a_conflict_that_stays_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """After less than three seconds."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)

    def request() -> None:
        raise error("TransactionConflictException")

    with pytest.raises(ServiceError, match="TransactionConflict"):
        tables.call("UpdateItem", request)
    assert sum(waits) < 3


def test_a_condition_that_fails_is_an_answer_also_in_a_transaction() -> None:
    """Even if another item of it met a conflict."""

    def request() -> None:
        raise error("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed")

    assert not tables.holds("TransactWriteItems", request)


@pytest.mark.parametrize(
    ("raised", "said", "transient"),
    [
        (error("AccessDeniedException"), "GetItem: AccessDeniedException", False),
        (error("ProvisionedThroughputExceededException"), "GetItem: ProvisionedThroughputExceededException", True),
        (ReadTimeoutError(endpoint_url="https://dynamodb/?secret"), "GetItem: ReadTimeoutError", True),
    ],
)
def test_other_errors_are_ours_and_carry_no_url(raised: Exception, said: str, transient: bool) -> None:
    """Not even in what they are chained to."""

    def request() -> None:
        raise raised

    with pytest.raises(ServiceError) as caught:
        tables.call("GetItem", request)
    assert str(caught.value) == said
    assert isinstance(caught.value, TransientServiceError) == transient
    assert caught.value.__suppress_context__
