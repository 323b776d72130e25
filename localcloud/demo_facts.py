"""Items of the tables and the history of an execution, which the demo shows."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from localcloud.stack import LocalStack

Row = dict[str, Any]


class Facts:
    """Reads the stack's tables and executions."""

    def __init__(self, stack: LocalStack) -> None:
        self._outputs = stack.outputs
        self._dynamodb = stack.client("dynamodb")
        self._states = stack.client("stepfunctions")

    def download(self, execution_arn: str) -> Row:
        """Return the item of the download in Downloads."""
        key = {"executionArn": {"S": execution_arn}}
        answer = self._dynamodb.get_item(TableName=self._outputs["downloadsTableName"], Key=key, ConsistentRead=True)
        return _plain(answer.get("Item", {}))

    def connections(self) -> list[Row]:
        """Return all items of Connections; this stack has few."""
        answer = self._dynamodb.scan(TableName=self._outputs["connectionsTableName"], ConsistentRead=True)
        return [_plain(row) for row in answer["Items"]]

    def execution(self, execution_arn: str) -> "Execution":
        """Return status and counts of the download's execution."""
        histories = self._states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        kinds = [str(event["type"]) for history in histories for event in history["events"]]
        status = self._states.describe_execution(executionArn=execution_arn)["status"]
        return Execution(status, sum(kind.endswith("StateEntered") for kind in kinds), kinds.count("TaskScheduled"))


@dataclass(frozen=True)
class Execution:
    """Status of an execution, the number of states it entered, and how many of them called a function."""

    status: str
    transitions: int
    tasks: int


def download_fields(row: Row) -> dict[str, str]:
    """Return the attributes of a Downloads item that the demo shows; hashes are shortened."""
    shown = {
        "executionArn (key)": row["executionArn"],
        "connectionIds": ", ".join(sorted(row.get("connectionIds", ()))) or "none",
        "status": row["status"],
        "path": row["path"],
        "ticketHashes": ", ".join(f"{ticket_hash[:8]}…" for ticket_hash in row["ticketHashes"]),
        "expiresAt (TTL)": _moment(row["expiresAt"]),
    }
    return {name: str(value) for name, value in shown.items()}


def connection_fields(row: Row) -> dict[str, str]:
    """Return the attributes of a Connections item that the demo shows."""
    shown = {
        "connectionId (key)": row["connectionId"],
        "executionArn": row["executionArn"],
        "expiresAt (TTL)": _moment(row["expiresAt"]),
    }
    return {name: str(value) for name, value in shown.items()}


def wait_for(probe: Callable[[], bool], seconds: float) -> bool:
    """Poll until the probe is true; return False when the time is over."""
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _plain(row: Row) -> Row:
    return {name: TypeDeserializer().deserialize(value) for name, value in row.items()}


def _moment(epoch: Any) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(int(epoch)))
