"""Requests to DynamoDB: conflicts are retried, failed conditions are None, other failures are errors of the runtime."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from runtime.adapters import aws, tables
from runtime.errors import ServiceError, TransientServiceError

Answer = Callable[..., dict[str, Any]]


def error(code: str, *reasons: str) -> ClientError:
    """Return an error that DynamoDB answers with."""
    response: Any = {"Error": {"Code": code, "Message": "https://dynamodb secret"}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "TransactWriteItems")


@pytest.fixture
def answer_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """Return a function that sets what the client answers."""

    def answer_with(answer: Answer) -> None:
        client = SimpleNamespace(update_item=answer, get_item=answer, transact_write_items=answer)
        monkeypatch.setattr(aws, "client", lambda _service: client)

    return answer_with


def raising(exception: Exception) -> Answer:
    """Return a method of the client that fails."""

    def answer(**_request: object) -> dict[str, Any]:
        raise exception

    return answer


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list of seconds that were waited."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


@pytest.mark.parametrize(
    "conflict",
    [
        error("TransactionConflictException"),
        error("TransactionCanceledException", "None", "TransactionConflict"),
        error("TransactionInProgressException"),
    ],
)
def test_conflict_with_another_writer_is_retried(
    conflict: ClientError, answer_with: Callable[[Answer], None], waits: list[float]
) -> None:
    """The SDK does not retry it."""
    conflicts = [conflict, conflict]

    def answer(**request: object) -> dict[str, Any]:
        if conflicts:
            raise conflicts.pop()
        return request

    answer_with(answer)
    assert tables.send("update_item", TableName="downloads") == {"TableName": "downloads"}
    assert len(waits) == 2
    assert 0.01 <= waits[0] <= 0.02 <= waits[1] <= 0.04


def test_conflict_that_stays_is_an_error(answer_with: Callable[[Answer], None], waits: list[float]) -> None:
    """After less than three seconds."""
    answer_with(raising(error("TransactionConflictException")))
    with pytest.raises(ServiceError, match="UpdateItem: TransactionConflict"):
        tables.send("update_item")
    assert sum(waits) < 3


def test_failed_condition_is_none_even_with_a_conflict(answer_with: Callable[[Answer], None]) -> None:
    """Even if another item of it met a conflict."""
    answer_with(raising(error("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed")))
    assert tables.send("transact_write_items") is None


@pytest.mark.parametrize(
    ("exception", "text", "transient"),
    [
        (error("AccessDeniedException"), "GetItem: AccessDeniedException", False),
        (error("ProvisionedThroughputExceededException"), "GetItem: ProvisionedThroughputExceededException", True),
        (ReadTimeoutError(endpoint_url="https://dynamodb/?secret"), "GetItem: ReadTimeoutError", True),
    ],
)
def test_other_errors_are_service_errors_without_a_url(
    exception: Exception, text: str, transient: bool, answer_with: Callable[[Answer], None]
) -> None:
    """Not even in their context."""
    answer_with(raising(exception))
    with pytest.raises(ServiceError) as caught:
        tables.send("get_item")
    assert str(caught.value) == text
    assert isinstance(caught.value, TransientServiceError) == transient
    assert caught.value.__suppress_context__
