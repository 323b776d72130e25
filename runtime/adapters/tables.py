"""Calls to DynamoDB: conditions that fail are answers, conflicts are tried again, the rest is an error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from runtime.adapters import aws
from runtime.backoff import pause
from runtime.errors import TransientServiceError

T = TypeVar("T")

_TRIES = 8
_CONFLICTS = frozenset({"TransactionConflictException", "TransactionInProgressException"})


def dynamodb() -> Any:
    """The process's client."""
    return aws.client("dynamodb")


def warm_up(table: str) -> None:
    """Make the client and open its connection."""
    aws.open_connection(dynamodb(), "get_item", TableName=table, Key={"none": {"S": "none"}})


def call(operation: str, request: Callable[[], T]) -> T:
    """Run one request, again with jitter while another writer holds the row (the SDK does not try those again)."""
    for attempt in range(1, _TRIES + 1):
        try:
            with aws.safe_errors(operation):
                return _typed(operation, request)
        except _Conflict:
            time.sleep(pause(attempt, base=0.02, most=0.5))
    raise TransientServiceError(operation, "TransactionConflict")


def answer(operation: str, request: Callable[[], T]) -> T | None:
    """Run one conditional request; its answer, or None where its condition did not hold."""
    try:
        return call(operation, request)
    except ConditionFailed:
        return None


def holds(operation: str, request: Callable[[], object]) -> bool:
    """Run one conditional request; whether its condition held."""
    return answer(operation, request) is not None


class ConditionFailed(Exception):  # noqa: N818  # an answer, not an error; it does not leave the adapters
    """The condition of the request did not hold."""


class _Conflict(Exception):  # noqa: N818  # likewise
    """Another transaction holds the row."""


def _typed(operation: str, request: Callable[[], T]) -> T:
    try:
        return request()
    except ClientError as error:
        code = aws.code_of(error)
        reasons = {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", ())}
        if code == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in reasons:
            raise ConditionFailed(operation) from None
        if code in _CONFLICTS or "TransactionConflict" in reasons:
            raise _Conflict(operation) from None
        raise
