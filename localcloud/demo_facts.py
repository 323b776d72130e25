"""What the demo looks up behind the scenes: rows of the tables, and what an execution took."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from localcloud.stack import LocalStack

__all__ = ["Facts", "connection_fields", "download_fields", "wait_for"]

Row = dict[str, Any]


class Facts:
    """Looks into the stack as its operator would."""

    def __init__(self, stack: LocalStack) -> None:
        self._outputs = stack.outputs
        self._dynamodb = stack.client("dynamodb")
        self._states = stack.client("stepfunctions")

    def download(self, execution_arn: str) -> Row:
        """The row of Downloads."""
        key = {"executionArn": {"S": execution_arn}}
        answer = self._dynamodb.get_item(TableName=self._outputs["downloadsTableName"], Key=key, ConsistentRead=True)
        return _plain(answer.get("Item", {}))

    def connections(self) -> list[Row]:
        """All rows of Connections; on this stack they are few."""
        answer = self._dynamodb.scan(TableName=self._outputs["connectionsTableName"], ConsistentRead=True)
        return [_plain(row) for row in answer["Items"]]

    def execution(self, execution_arn: str) -> "Execution":
        """What the state machine did."""
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        kinds = [str(event["type"]) for page in pages for event in page["events"]]
        status = self._states.describe_execution(executionArn=execution_arn)["status"]
        return Execution(status, sum(kind.endswith("StateEntered") for kind in kinds), kinds.count("TaskScheduled"))


@dataclass(frozen=True)
class Execution:
    """Its status, how many states it went through, and how many of them called a function."""

    status: str
    transitions: int
    tasks: int


def download_fields(row: Row) -> dict[str, str]:
    """The telling attributes of a Downloads row; hashes shortened."""
    shown = {
        "executionArn (key)": row["executionArn"],
        "connectionIds": ", ".join(sorted(row.get("connectionIds", ()))) or "none",
        "status": row["status"],
        "path": row["path"],
        "ticketHashes": ", ".join(f"{each[:8]}…" for each in row["ticketHashes"]),
        "expiresAt (TTL)": _moment(row["expiresAt"]),
    }
    return {name: str(value) for name, value in shown.items()}


def connection_fields(row: Row) -> dict[str, str]:
    """A Connections row."""
    shown = {
        "connectionId (key)": row["connectionId"],
        "executionArn": row["executionArn"],
        "expiresAt (TTL)": _moment(row["expiresAt"]),
    }
    return {name: str(value) for name, value in shown.items()}


def wait_for(probe: Callable[[], bool], seconds: float) -> bool:
    """Poll until the probe holds; False when it did not in time."""
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
