"""Log lines of a local stack: one per REST call, WebSocket message, invocation and state.

Pure functions. Nothing that opens a door leaves here: `redacted` takes tickets and signatures out of every text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from async_download_client.text import printable

from localcloud.origin import Request

_SECRETS = (
    (re.compile(r"(?i)(\bticket=)[^&\s\"'#]+"), r"\1…"),
    (re.compile(r"(?i)(\bx-amz-(?:signature|credential|security-token)=)[^&\s\"'#]+"), r"\1…"),
    (re.compile(r"(?i)(\bauthorization\"?\s*[:=]).*"), r"\1 …"),
    (re.compile(r"(?i)(\"?(?:x-download-ticket|x-api-key)\"?\s*[:=]\s*\"?)[^\s\",][^\",]*"), r"\1…"),
    (re.compile(r"\b([0-9a-f]{32})\.[A-Za-z0-9_-]{20,}"), r"\1.…"),
)
_OURS = frozenset({"timestamp", "level", "message", "requestId"})
_STATES = {"ExecutionSucceeded": "succeeded", "ExecutionFailed": "failed", "ExecutionAborted": "aborted"}
_REPORT = re.compile(r"REPORT RequestId: \S+\s+Duration: (?P<ms>[\d.]+) ms")


@dataclass(frozen=True)
class Line:
    """An event; `time` in seconds since 1970, `source` one of REST, WS, S3, Lambda, States, Origin.

    What clients, origins and functions wrote is in `text` without characters that a terminal obeys.
    """

    time: float
    source: str
    text: str
    failed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))


def redacted(text: str) -> str:
    """Return the text without tickets, signatures and credentials."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def of_client(event: Mapping[str, Any]) -> Line:
    """Return the line of a client's request or message that the observer recorded."""
    if event["kind"] == "socket":
        return _of_socket(event)
    source = "REST" if event["kind"] == "rest" else "S3"
    text = f"{event['method']} {event['path']} -> {event['status']}, {event['bytes']:,} bytes, {event['ms']} ms"
    return Line(event["time"], source, redacted(text), event["status"] >= 400)


def of_function(name: str, milliseconds: int, message: str) -> Line | None:
    """Return the line of a function's log: the end of an invocation or a message of the function; None for the rest."""
    if report := _REPORT.match(message):
        return Line(milliseconds / 1000, "Lambda", f"{name} {float(report['ms']):.0f} ms")
    try:
        record = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or "message" not in record:
        return None
    details = " ".join(_detail(key, value) for key, value in record.items() if key not in _OURS)
    text = f"{name}: {record['message']} {details}".rstrip()
    return Line(milliseconds / 1000, "Lambda", redacted(text), record.get("level") in ("WARNING", "ERROR", "CRITICAL"))


def of_execution(download: str, event: Mapping[str, Any]) -> Line | None:
    """Return the line of an execution's start, entered state or end; None for other events of its history."""
    kind, seconds = str(event["type"]), event["timestamp"].timestamp()
    if kind == "ExecutionStarted":
        return Line(seconds, "States", f"{download} started")
    if kind.endswith("StateEntered"):
        return Line(seconds, "States", f"{download} at {event['stateEnteredEventDetails']['name']}")
    if kind == "TaskFailed":
        return Line(seconds, "States", f"{download} task failed: {event['taskFailedEventDetails'].get('error')}", True)
    if kind in _STATES:
        return Line(seconds, "States", f"{download} {_STATES[kind]}", kind != "ExecutionSucceeded")
    return None


def _detail(key: str, value: object) -> str:
    return f"download={str(value).rpartition(':')[2]}" if key == "executionArn" else f"{key}={value}"


def of_origin(seconds: float, request: Request) -> Line:
    """Return the line of a request to the demo's origin."""
    part = f" {request.headers['range']}" if "range" in request.headers else ""
    return Line(seconds, "Origin", redacted(f"{request.method} {request.path}{part}"))


def _of_socket(event: Mapping[str, Any]) -> Line:
    parts = [f"#{event['socket']}", str(event["what"])]
    parts += [str(event[key]) for key in ("message", "status") if key in event]
    text = " ".join(parts) + (f", {event['ms']} ms" if "ms" in event else "")
    return Line(event["time"], "WS", redacted(text), event["what"] == "refused" or event.get("message") == "failed")
