"""Structured logs: one JSON object a line on stdout, which Lambda's JSON log format takes as it is.

Nothing secret gets here: callers pass names, codes, ids and counts; what looks like a URL or a ticket is masked.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from datetime import UTC, datetime

Value = str | int | float | bool | None

_LONGEST = 300
_SECRETS = re.compile(r"(?:https?|wss?)://\S+|\b[0-9a-f]{32}\.[A-Za-z0-9_-]{20,}|\?\S*=\S+", re.IGNORECASE)


def info(event: str, **fields: Value) -> None:
    """Say that something happened."""
    _write("INFO", event, fields)


def warning(event: str, **fields: Value) -> None:
    """Say that something went wrong and was dealt with."""
    _write("WARN", event, fields)


def error(event: str, cause: BaseException, **fields: Value) -> None:
    """Say what failed: its class and where, not its message, which may carry a URL."""
    frames = traceback.extract_tb(cause.__traceback__)[-6:]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    _write("ERROR", event, {**fields, "errorType": type(cause).__name__, "where": where})


def _write(level: str, event: str, fields: dict[str, Value]) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, Value] = {"timestamp": now, "level": level, "message": event}
    line.update({name: _masked(value) for name, value in fields.items()})
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


def _masked(value: Value) -> Value:
    return _SECRETS.sub("[masked]", value)[:_LONGEST] if isinstance(value, str) else value
