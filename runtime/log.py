"""Structured logs: one JSON object a line on stdout, which Lambda's JSON log format keeps as it is.

Callers pass names, codes, ids and counts. Text that looks like a URL or a ticket is masked.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from datetime import UTC, datetime

Value = str | int | float | bool | None

_MAX_LENGTH = 300
_SECRETS = re.compile(r"(?:https?|wss?)://\S+|\b[0-9a-f]{32}\.[A-Za-z0-9_-]{20,}|\?\S*=\S+", re.IGNORECASE)


def info(event: str, **fields: Value) -> None:
    """Log an event."""
    _write("INFO", event, fields)


def warning(event: str, **fields: Value) -> None:
    """Log an error that was handled."""
    _write("WARN", event, fields)


def error(event: str, cause: BaseException, **fields: Value) -> None:
    """Log an error by its class and its last six frames, innermost first, as `module.function:line`.

    Its message is left out, because it may contain a URL.
    """
    frames = [
        f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}:{line}"
        for frame, line in traceback.walk_tb(cause.__traceback__)
    ]
    _write("ERROR", event, {**fields, "errorType": type(cause).__name__, "where": " < ".join(frames[:-7:-1])})


def _write(level: str, event: str, fields: dict[str, Value]) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, Value] = {"timestamp": now, "level": level, "message": event}
    line.update({name: _mask(value) for name, value in fields.items()})
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


def _mask(value: Value) -> Value:
    return _SECRETS.sub("[masked]", value)[:_MAX_LENGTH] if isinstance(value, str) else value
