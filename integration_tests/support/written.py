"""Everything that a stack wrote down: logs, histories of executions, rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from integration_tests.support.stack import Requested, Stack


def log_lines(stack: Stack) -> Iterator[tuple[str, str]]:
    """Group and text of every log event of the stack's functions and of its state machine."""
    logs = stack.cloud.client("logs")
    names = stack.outputs["functionNames"].values()
    machine = str(stack.outputs["stateMachineArn"]).rpartition(":")[2]
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            if name.rpartition("/")[2] not in {*names, machine}:
                continue
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                for event in events["events"]:
                    yield name, event["message"]


def rows(stack: Stack) -> Iterator[tuple[str, str]]:
    """Table and JSON of every row."""
    dynamodb = stack.cloud.client("dynamodb")
    for table in (stack.outputs["downloadsTableName"], stack.outputs["connectionsTableName"]):
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                yield table, json.dumps(item)


def histories(stack: Stack, downloads: list[Requested]) -> Iterator[tuple[str, str]]:
    """Execution and JSON of every event, inputs and outputs included."""
    for download in downloads:
        for event in stack.history(download):
            yield download.execution_arn, json.dumps(event, default=str)


def emulator_log(path: Path) -> Iterator[tuple[str, str]]:
    """Lines of our emulator's own log."""
    for line in path.read_text(errors="replace").splitlines():
        yield path.name, line
