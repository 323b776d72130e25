"""The kinds of log lines: which fields they have, and that a download is found by them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import datetime

import pytest

from runtime import steps
from tests.runtime.support.log_stories import STORIES, Line, all_lines, lines_of, request_twice
from tests.runtime.support.world import World
from tests.runtime.test_architecture import RUNTIME

STEPS = {step.identifier: step for step in vars(steps).values() if isinstance(step, steps.Step)}
ALWAYS = {"timestamp", "level", "step", "message"}
WITHOUT_DOWNLOAD = {"functionNotPrepared", "adapterNotPrepared", "taskFailed", "requestRefused", "requestFailed"}
"""Steps of calls that may end before their download is known."""

BY_ID_ONLY = {"disconnected", "idleClosed", "socketNotClosed"}
"""Steps of functions that do not read the download, which would be another call of DynamoDB."""


def metric_fields(line: Line) -> set[str]:
    """Return the members that are in a line for its metrics."""
    if "_aws" not in line:
        return set()
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    dimensions = {name for names in directive["Dimensions"] for name in names}
    return {"_aws", *dimensions, *(metric["Name"] for metric in directive["Metrics"])}


def step_fields(line: Line) -> set[str]:
    """Return the fields that belong to the step of a line."""
    return set(line) - ALWAYS - set(steps.CALL_FIELDS) - set(steps.DOWNLOAD_FIELDS) - metric_fields(line)


def test_the_runtime_writes_every_step_with_its_fields() -> None:
    """A field that no line has would be missed by a query."""
    written: dict[str, set[str]] = {}
    for line in all_lines():
        written.setdefault(line["step"], set()).update(step_fields(line))
    assert written == {identifier: set(step.fields.split()) for identifier, step in STEPS.items()}


@pytest.mark.parametrize("story", STORIES)
def test_a_download_is_found_by_file_caller_time_and_id(story: Callable[[World], None]) -> None:
    for line in lines_of(story):
        assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
        if line["step"] in WITHOUT_DOWNLOAD:
            continue
        names = {"downloadId", "executionArn"} if line["step"] in BY_ID_ONLY else set(steps.DOWNLOAD_FIELDS)
        assert names <= set(line), line
        assert re.fullmatch(r"[0-9a-f]{32}", line["downloadId"])
        assert line["executionArn"].endswith(f":{line['downloadId']}")


def test_refused_request_names_its_caller_and_the_fault() -> None:
    refused = [line for line in all_lines() if line["step"] == "requestRefused"]
    assert {(line["code"], line["fault"]) for line in refused} == {
        ("DOWNLOAD_FINISHED", "client"),
        ("IDEMPOTENCY_KEY_REUSED", "client"),
        ("INVALID_REQUEST", "client"),
    }
    assert all(line["owner"] for line in refused)


def test_every_line_with_a_code_has_its_fault() -> None:
    with_code = [line for line in all_lines() if "code" in line]
    assert with_code
    assert all(line["fault"] in ("client", "origin", "service", "internal") for line in with_code)


@pytest.mark.security
def test_no_line_holds_a_query_a_url_or_a_ticket() -> None:
    """`request_twice` requests a path with a query."""
    assert any("figures.csv" in str(line) for line in lines_of(request_twice))
    for line in all_lines():
        assert not re.search(r"https?://|wss?://|\?x=|topsecret|[0-9a-f]{32}\.[\w-]{20}", str(line)), line


def test_identifiers_are_unique_and_every_step_is_written_somewhere() -> None:
    constants = {name for name, step in vars(steps).items() if isinstance(step, steps.Step)}
    assert len(STEPS) == len(constants)
    used = {
        node.attr
        for path in RUNTIME.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "steps"
    }
    assert used == constants
