"""All that a stack stores or sends as text: logs, histories of executions, items, environments, events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integration_tests.support.stack import Stack

Line = tuple[str, str]


def all_records(stack: Stack) -> dict[str, list[Line]]:
    """Return kind of record -> place and text of each record."""
    records = {
        "logs": list(log_lines(stack)),
        "items": list(table_items(stack)),
        "histories": list(histories(stack)),
        "settings": list(settings(stack)),
    }
    if stack.has_end_events:
        events = stack.end_events.receive_all()
        records["events"] = [(stack.end_events.bus, json.dumps(event)) for event in events]
    if stack.cloud.log_path is not None:
        records["emulator's log"] = list(file_lines(stack.cloud.log_path))
    return records


def log_lines(stack: Stack) -> Iterator[Line]:
    """Yield log group and text of every log event of the functions and of the state machine."""
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


def table_items(stack: Stack) -> Iterator[Line]:
    """Yield table and JSON of every item."""
    for table in (stack.outputs["downloadsTableName"], stack.outputs["connectionsTableName"]):
        for item in stack.operator.scan(table):
            yield table, json.dumps(item)


def histories(stack: Stack) -> Iterator[Line]:
    """Yield execution and JSON of every event of both state machines, inputs and outputs included."""
    for execution in stack.operator.executions():
        for event in stack.operator.execution_events(execution["executionArn"]):
            yield execution["executionArn"], json.dumps(event, default=str)


def settings(stack: Stack) -> Iterator[Line]:
    """Yield name and environment of every function, and API and format of every access log."""
    for key in stack.outputs["functionNames"]:
        yield stack.operator.function_name(key), json.dumps(stack.operator.environment(key))
    for api, stages in _stages(stack):
        for stage in stages:
            access_log = stage.get("accessLogSettings") or stage.get("AccessLogSettings")
            if access_log:
                yield f"access log of {api}", str(access_log.get("format") or access_log.get("Format"))


def file_lines(path: Path) -> Iterator[Line]:
    """Yield name of a file and text of each line."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        yield path.name, line


def _stages(stack: Stack) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    rest, socket = (str(stack.outputs[name]).split("/")[-2:] for name in ("apiUrl", "webSocketUrl"))
    rest_api, socket_api = (parts[0].partition(".")[0] for parts in (rest, socket))
    yield rest_api, stack.cloud.client("apigateway").get_stages(restApiId=rest_api)["item"]
    yield socket_api, stack.cloud.client("apigatewayv2").get_stages(ApiId=socket_api)["Items"]
