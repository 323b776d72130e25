"""The lines that `make local` prints, and the secrets that they must not hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.activity import Line, of_client, of_execution, of_function, of_origin, redacted
from localcloud.origin import Request

TICKET = "0f8fad5bd9cb469fa16570867728950e.vbnq3XkDYhV0sJ8xQ2mTz5cWf7oLr1uG4iPaE6yBnKs"
SIGNATURE = "82bdd48d31a6595027d0cf7e0fff9a9f51448828bcf4548311acb460249af0f0"


@pytest.mark.parametrize(
    "text",
    [
        f"ws://127.0.0.1:1/_aws/execute-api/a/v1?ticket={TICKET}",
        f"GET /downloads/1?x=1&Ticket={TICKET}&y=2",
        f"http://h/b/k?X-Amz-Security-Token=FwoG{TICKET}&X-Amz-Signature={SIGNATURE}&X-Amz-Credential=ASIA{SIGNATURE}",
        f'{{"X-Download-Ticket": "{TICKET}"}}',
        f"x-download-ticket: {TICKET}",
        f"Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261124, Signature={SIGNATURE}",
        f"the ticket {TICKET} was refused",
        f"X-Api-Key={SIGNATURE}",
    ],
)
def test_nothing_that_opens_a_door_is_shown(text: str) -> None:
    shown = redacted(text)
    assert TICKET.partition(".")[2] not in shown
    assert SIGNATURE not in shown
    assert "…" in shown


def test_what_is_harmless_stays() -> None:
    text = "download 0f8fad5bd9cb469fa16570867728950e of files/25MB at arn:aws:states:us-east-1:0:execution:m:n"
    assert redacted(text) == text
    assert redacted("/d?ticket=abc&path=files/1") == "/d?ticket=…&path=files/1"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            {"kind": "rest", "method": "GET", "path": "/download", "status": 200, "bytes": 1496, "ms": 12},
            Line(1.5, "REST", "GET /download -> 200, 1,496 bytes, 12 ms"),
        ),
        (
            {"kind": "rest", "method": "GET", "path": "/downloads/x", "status": 401, "bytes": 9, "ms": 1},
            Line(1.5, "REST", "GET /downloads/x -> 401, 9 bytes, 1 ms", True),
        ),
        (
            {"kind": "s3", "method": "GET", "path": "/b/k", "status": 200, "bytes": 5, "ms": 1},
            Line(1.5, "S3", "GET /b/k -> 200, 5 bytes, 1 ms"),
        ),
        ({"kind": "socket", "socket": 1, "what": "opened", "ms": 7}, Line(1.5, "WS", "#1 opened, 7 ms")),
        ({"kind": "socket", "socket": 1, "what": "sent", "message": "ready"}, Line(1.5, "WS", "#1 sent ready")),
        ({"kind": "socket", "socket": 1, "what": "sent", "message": "failed"}, Line(1.5, "WS", "#1 sent failed", True)),
        (
            {"kind": "socket", "socket": 2, "what": "refused", "status": 403, "ms": 3},
            Line(1.5, "WS", "#2 refused 403, 3 ms", True),
        ),
    ],
)
def test_what_clients_do_is_one_line_each(event: dict[str, Any], line: Line) -> None:
    assert of_client({"time": 1.5, **event}) == line


def test_a_functions_log_is_its_report_and_its_own_words() -> None:
    report = "REPORT RequestId: 5f23baf3\tDuration: 444.4 ms\tBilled Duration: 445 ms"
    assert of_function("copy", 1500, report) == Line(1.5, "Lambda", "copy 444 ms")
    arn = "arn:aws:states:us-east-1:000000000000:execution:machine:abc"
    record = {"timestamp": "t", "level": "ERROR", "message": "A task failed", "executionArn": arn, "code": "X"}
    line = Line(1.5, "Lambda", "copy: A task failed download=abc code=X", True)
    assert of_function("copy", 1500, json.dumps(record)) == line
    for other in (
        "START RequestId: 1 Version: $LATEST",
        "END RequestId: 1",
        "Traceback",
        "[]",
        "{}",
        '"text"',
        "[" * 100_000,
    ):
        assert of_function("copy", 0, other) is None


def test_a_secret_in_a_functions_log_is_not_shown() -> None:
    line = of_function("connect", 0, json.dumps({"level": "INFO", "message": f"came with ?ticket={TICKET}"}))
    assert line is not None
    assert TICKET.partition(".")[2] not in line.text


@pytest.mark.parametrize(
    ("event", "text", "failed"),
    [
        ({"type": "ExecutionStarted"}, "d started", False),
        ({"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Copy"}}, "d at Copy", False),
        ({"type": "FailStateEntered", "stateEnteredEventDetails": {"name": "Failed"}}, "d at Failed", False),
        ({"type": "TaskFailed", "taskFailedEventDetails": {"error": "E"}}, "d task failed: E", True),
        ({"type": "ExecutionSucceeded"}, "d succeeded", False),
        ({"type": "ExecutionFailed"}, "d failed", True),
        ({"type": "ExecutionAborted"}, "d aborted", True),
    ],
)
def test_an_execution_is_its_states_and_its_end(event: dict[str, Any], text: str, failed: bool) -> None:
    stamp = datetime.fromtimestamp(2.5, UTC)
    assert of_execution("d", {"timestamp": stamp, **event}) == Line(2.5, "States", text, failed)


def test_a_request_at_the_origin_is_shown_with_its_range() -> None:
    request = Request("GET", "/files/1MB?ticket=abc", {"range": "bytes=0-9", "authorization": "Bearer x"})
    assert of_origin(1.5, request) == Line(1.5, "Origin", "GET /files/1MB?ticket=… bytes=0-9")
    assert of_origin(1.5, Request("GET", "/files/1MB", {})).text == "GET /files/1MB"


def test_other_events_of_an_execution_are_not_shown() -> None:
    assert of_execution("d", {"type": "TaskScheduled", "timestamp": datetime.now(UTC)}) is None


ESCAPES = "\x1b[2J\u202egpj.exe\x07\r\n\x9b31m"


@pytest.mark.security
@pytest.mark.parametrize(
    "line",
    [
        of_client({"kind": "rest", "time": 1.0, "method": "GET", "path": ESCAPES, "status": 200, "bytes": 1, "ms": 1}),
        of_client({"kind": "socket", "time": 1.0, "socket": 1, "what": "sent", "message": ESCAPES}),
        of_function("copy", 1000, json.dumps({"message": ESCAPES, "level": "INFO", "reason": ESCAPES})),
        of_execution(
            "download",
            {
                "type": "TaskFailed",
                "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
                "taskFailedEventDetails": {"error": ESCAPES},
            },
        ),
        of_origin(1.0, Request("GET", ESCAPES, {"range": ESCAPES})),
    ],
)
def test_no_line_steers_the_terminal(line: Line | None) -> None:
    assert line is not None
    assert "gpj.exe" in line.text
    assert not set(ESCAPES) & set(line.text) & {"\x1b", "\u202e", "\x07", "\r", "\n", "\x9b"}
