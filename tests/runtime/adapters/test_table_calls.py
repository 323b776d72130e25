"""Calls to DynamoDB: conflicts are retried, failed conditions are results, other failures are errors of the runtime."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from runtime.adapters import tables
from runtime.errors import ServiceError, TransientServiceError


def client_error(code: str, *reasons: str) -> ClientError:
    """Return an error as botocore raises it."""
    response: Any = {"Error": {"Code": code, "Message": "https://dynamodb secret"}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "TransactWriteItems")


@pytest.mark.parametrize(
    "conflict",
    [
        client_error("TransactionConflictException"),
        client_error("TransactionCanceledException", "None", "TransactionConflict"),
        client_error("TransactionInProgressException"),
    ],
)
def test_conflict_with_another_writer_is_retried(conflict: ClientError, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK does not retry it."""
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


def test_conflict_that_stays_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)

    def request() -> None:
        raise client_error("TransactionConflictException")

    with pytest.raises(ServiceError, match="TransactionConflict"):
        tables.call("UpdateItem", request)
    assert sum(waits) < 3


def test_failed_condition_is_false_even_with_a_conflict() -> None:
    def request() -> None:
        raise client_error("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed")

    assert not tables.holds("TransactWriteItems", request)


@pytest.mark.parametrize(
    ("error", "message", "transient"),
    [
        (client_error("AccessDeniedException"), "GetItem: AccessDeniedException", False),
        (
            client_error("ProvisionedThroughputExceededException"),
            "GetItem: ProvisionedThroughputExceededException",
            True,
        ),
        (ReadTimeoutError(endpoint_url="https://dynamodb/?secret"), "GetItem: ReadTimeoutError", True),
    ],
)
def test_other_errors_are_service_errors_without_a_url(error: Exception, message: str, transient: bool) -> None:
    def request() -> None:
        raise error

    with pytest.raises(ServiceError) as caught:
        tables.call("GetItem", request)
    assert str(caught.value) == message
    assert isinstance(caught.value, TransientServiceError) == transient
    assert caught.value.__suppress_context__
