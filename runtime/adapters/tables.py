"""Requests to DynamoDB: failed conditions are results, conflicts are tried again, everything else is an error."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from runtime.adapters import aws
from runtime.backoff import pause
from runtime.errors import TransientServiceError

_ATTEMPTS = 8
_CONFLICTS = frozenset({"TransactionConflictException", "TransactionInProgressException", "TransactionConflict"})
_FAILED_CONDITIONS = frozenset({"ConditionalCheckFailedException", "ConditionalCheckFailed"})


def warm_up(table: str) -> None:
    """Make the client and open its connection."""
    aws.open_connection(aws.client("dynamodb"), "get_item", TableName=table, Key={"none": {"S": "none"}})


def send(method: str, **request: Any) -> dict[str, Any] | None:
    """Send one request by a method of botocore's client, such as `put_item`. Return None if its condition failed.

    While another writer holds the item, the request is repeated with jitter: the SDK does not repeat it.

    Raises:
        ServiceError: DynamoDB failed, or the item was held all the time.
    """
    operation = method.title().replace("_", "")
    for attempt in range(1, _ATTEMPTS + 1):
        with aws.safe_errors(operation):
            try:
                answer: dict[str, Any] = getattr(aws.client("dynamodb"), method)(**request)
                return answer
            except ClientError as error:
                codes = _codes_of(error)
                if codes & _FAILED_CONDITIONS:
                    return None
                if not codes & _CONFLICTS:
                    raise
        time.sleep(pause(attempt, base=0.02, maximum=0.5))
    raise TransientServiceError(operation, "TransactionConflict")


def _codes_of(error: ClientError) -> set[str]:
    """Return the error's code and, of a transaction, the codes of its items."""
    reasons = error.response.get("CancellationReasons", ())
    return {aws.code_of(error), *(str(reason.get("Code")) for reason in reasons)}
