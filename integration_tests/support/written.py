"""Everything that a stack wrote down: logs, histories of executions, rows, what its functions are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integration_tests.support.stack import Stack

Line = tuple[str, str]


def everything(stack: Stack) -> dict[str, list[Line]]:
    """Kind of place -> place and text of each entry."""
    found = {
        "logs": list(log_lines(stack)),
        "rows": list(rows(stack)),
        "histories": list(histories(stack)),
        "settings": list(settings(stack)),
    }
    if stack.cloud.log_path is not None:
        found["emulator's log"] = list(lines_of(stack.cloud.log_path))
    return found


def log_lines(stack: Stack) -> Iterator[Line]:
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


def rows(stack: Stack) -> Iterator[Line]:
    """Table and JSON of every row."""
    for table in (stack.outputs["downloadsTableName"], stack.outputs["connectionsTableName"]):
        for item in stack.items(table):
            yield table, json.dumps(item)


def histories(stack: Stack) -> Iterator[Line]:
    """Execution and JSON of every event of both state machines, inputs and outputs included."""
    for execution in stack.executions():
        for event in stack.events(execution["executionArn"]):
            yield execution["executionArn"], json.dumps(event, default=str)


def settings(stack: Stack) -> Iterator[Line]:
    """Function and environment of every function, and what the access logs of the stages would hold."""
    for key in stack.outputs["functionNames"]:
        yield stack.function(key), json.dumps(stack.told(key))
    for api, stages in _stages(stack):
        for stage in stages:
            logged = stage.get("accessLogSettings") or stage.get("AccessLogSettings")
            if logged:
                yield f"access log of {api}", str(logged.get("format") or logged.get("Format"))


def lines_of(path: Path) -> Iterator[Line]:
    """Lines of a file."""
    for line in path.read_text(errors="replace").splitlines():
        yield path.name, line


def _stages(stack: Stack) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    rest, socket = (str(stack.outputs[name]).split("/")[-2:] for name in ("apiUrl", "webSocketUrl"))
    rest_api, socket_api = (parts[0].partition(".")[0] for parts in (rest, socket))
    yield rest_api, stack.cloud.client("apigateway").get_stages(restApiId=rest_api)["item"]
    yield socket_api, stack.cloud.client("apigatewayv2").get_stages(ApiId=socket_api)["Items"]
