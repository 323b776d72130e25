"""Executions of Step Functions: one in detail, and lists of them."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from async_download_admin.errors import AwsCallError
from async_download_admin.items import iso
from async_download_admin.masking import mask
from async_download_admin.stack import Stack

FAILED = ("FAILED", "TIMED_OUT", "ABORTED")
_LAST_EVENTS = 100
_REQUEST_ID = re.compile(r'"requestId"\s*:\s*"([0-9a-f-]{36})"')
_MAX_REQUEST_IDS = 10
Execution = dict[str, Any]


def describe(stack: Stack, execution_arn: str) -> Execution | None:
    """Return status, times, error, cause and current state of an execution; None if there is none any more.

    `requestIds` are those of the failed calls of Lambda among its last events: log lines of errors have them.
    """
    try:
        response = stack.call("stepfunctions", "DescribeExecution", executionArn=execution_arn)
    except AwsCallError as error:
        if error.aws_code == "ExecutionDoesNotExist":
            return None
        raise
    events = _last_events(stack, execution_arn)
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    execution = {
        "status": response["status"],
        "startedAt": iso(response["startDate"]),
        "stoppedAt": iso(response["stopDate"]) if "stopDate" in response else None,
        "state": entered[0] if entered else None,
        "error": mask(response["error"]) if response.get("error") else None,
        "cause": short_cause(response["cause"]) if response.get("cause") else None,
        "redrives": response.get("redriveCount") or None,
        "requestIds": _request_ids(events) or None,
    }
    return {name: value for name, value in execution.items() if value is not None}


def _last_events(stack: Stack, execution_arn: str) -> list[dict[str, Any]]:
    try:
        response = stack.call(
            "stepfunctions",
            "GetExecutionHistory",
            executionArn=execution_arn,
            reverseOrder=True,
            maxResults=_LAST_EVENTS,
            includeExecutionData=False,
        )
    except AwsCallError as error:
        if error.aws_code == "ExecutionDoesNotExist":  # it was deleted since it was described
            return []
        raise
    return list(response["events"])


def short_cause(cause: str) -> str:
    """Return type and message of an error in the cause that Lambda gives, or the beginning of another cause."""
    try:
        details = json.loads(cause)
    except (ValueError, RecursionError):
        return mask(cause, 300)
    if isinstance(details, dict) and "errorType" in details:
        return mask(f"{details['errorType']}: {details.get('errorMessage', '')}", 300)
    return mask(cause, 300)


def _request_ids(events: Iterable[dict[str, Any]]) -> list[str]:
    causes = [str(event.get(name, {}).get("cause", "")) for event in events for name in event if "Failed" in name]
    ids = [request_id for cause in causes for request_id in _REQUEST_ID.findall(cause)]
    return list(dict.fromkeys(ids))[:_MAX_REQUEST_IDS]


def list_executions(
    stack: Stack, machine_arn: str, statuses: Iterable[str | None], since: datetime | None = None
) -> Iterator[Execution]:
    """Yield executions of a state machine, the latest first; a status of None is any.

    Step Functions keeps executions for 90 days after their end. `since` is the earliest start.
    """
    listings = [_of_status(stack, machine_arn, status, since) for status in statuses]
    yield from heapq.merge(*listings, key=lambda execution: execution["startDate"], reverse=True)


def _of_status(stack: Stack, machine_arn: str, status: str | None, since: datetime | None) -> Iterator[Execution]:
    status_filter = {"statusFilter": status} if status else {}
    for page in stack.aws.pages("stepfunctions", "ListExecutions", stateMachineArn=machine_arn, **status_filter):
        for execution in page["executions"]:
            if since is not None and execution["startDate"] < since:
                return
            yield execution


def count_running(stack: Stack, machine_arn: str) -> int:
    """Return how many executions of a state machine run."""
    return sum(1 for _ in list_executions(stack, machine_arn, ["RUNNING"]))
