"""The records of downloads that did not end as they should, for whoever has to explain them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from integration_tests.support.records import log_lines
from integration_tests.support.stack import Stack


def write_evidence(
    stack: Stack, folder: Path, ids: Collection[str], faults: Sequence[Mapping[str, Any]], texts: Mapping[str, Any]
) -> Path:
    """Write item, connections, injected faults, log lines and history of downloads to a file, and return its path.

    Args:
        stack: the stack, which still runs.
        folder: for the file.
        ids: of the downloads.
        faults: all injected faults.
        texts: further records.
    """
    lines = [line for _, line in log_lines(stack) if any(download in line for download in ids)]
    tables = (stack.outputs["downloadsTableName"], stack.outputs["connectionsTableName"])
    items = [item for table in tables for item in stack.operator.scan(table)]
    arn = str(stack.outputs["stateMachineArn"]).replace(":stateMachine:", ":execution:")
    evidence = {
        download: {
            "items": [item for item in items if download in json.dumps(item)],
            "faults": [fault for fault in faults if fault["download"] == download],
            "lines": [line for line in lines if download in line],
            "events": _history(stack, f"{arn}:{download}"),
        }
        for download in ids
    }
    path = folder / "evidence.json"
    path.write_text(json.dumps({"downloads": evidence, **texts}, indent=1, default=str), encoding="utf-8")
    return path


def _history(stack: Stack, execution_arn: str) -> list[str]:
    try:
        events = stack.operator.execution_events(execution_arn)
    except ClientError as error:
        return [error.response["Error"]["Code"]]
    return [f"{event['timestamp']} {event['type']} {_details(event)}" for event in events]


def _details(event: Mapping[str, Any]) -> str:
    details = [value for name, value in event.items() if name.endswith("EventDetails")]
    return json.dumps(details, default=str)[:400]
