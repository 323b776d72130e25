"""Structured logs: one JSON object a line on stdout, which Lambda's JSON log format keeps as it is.

Callers pass names, codes, ids and counts. Text that looks like a URL or a ticket is masked. A function handles one call
at a time, so the fields of its call and of its download are kept here, and are in each of its lines.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

from runtime import metrics, steps
from runtime.errors import AsyncDownloadError, Problem, RequestError, fault_of_error
from runtime.models import Download
from runtime.steps import Step

Value = str | int | float | bool | None

_MAX_LENGTH = 300
_MAX_NAME_LENGTH = 2048  # of the fields by which a download is looked up, which have to be whole
_NAMES = frozenset({"executionArn", "path", "owner"})
_SECRETS = re.compile(r"(?:https?|wss?)://\S+|\b[0-9a-f]{32}\.[A-Za-z0-9_-]{20,}|\?\S*=\S+", re.IGNORECASE)
_context: dict[str, Value] = {}


def start_call(request_id: str | None = None, function_version: str | None = None) -> None:
    """Begin the lines of a call of the function; Lambda's own lines have the same `requestId`.

    `function_version` is the number of the version that runs, or `$LATEST`.
    """
    _context.clear()
    if request_id:
        _context["requestId"] = request_id
    if function_version:
        _context["functionVersion"] = function_version


def set_owner(owner: str) -> None:
    """Name the caller in all further lines of this call."""
    _context["owner"] = _mask("owner", owner)


def set_execution(execution_arn: str) -> None:
    """Name a download, whose item is not known, in all further lines of this call."""
    _context.update(executionArn=execution_arn, downloadId=execution_arn.rpartition(":")[2])


def set_download(download: Download) -> None:
    """Describe the download in all further lines of this call."""
    _context.update(fields_of(download))


def fields_of(download: Download) -> dict[str, Value]:
    """Return the fields that describe a download; its path is without the query, which may be a signature.

    A request that was not accepted yet has no id.
    """
    fields: dict[str, Value] = {
        "downloadId": download.download_id,
        "executionArn": download.execution_arn,
        "origin": download.origin,
        "path": download.path.partition("?")[0],
        "owner": download.owner,
    }
    return {name: _mask(name, value) for name, value in fields.items() if value}


def write(
    step: Step,
    values: Mapping[str, float] = metrics.NONE,
    dimensions: Mapping[str, str] = metrics.NO_DIMENSIONS,
    /,
    **fields: Value,
) -> None:
    """Log a step with those fields that have a value.

    Args:
        step: what has happened.
        values: metrics that this line counts, by name.
        dimensions: further dimensions of these metrics.
        fields: the fields of the line.
    """
    now = datetime.now(UTC)
    line: dict[str, object] = {
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": step.level,
        "step": step.identifier,
        "message": step.message,
        **_context,
    }
    line.update({name: _mask(name, value) for name, value in fields.items() if value is not None})
    line.update(metrics.members(values, dimensions, int(now.timestamp() * 1000)))
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


def problem(error: Exception, answer: Problem) -> None:
    """Log that a request is answered with an error: by its code if the caller can correct it, or else with its place.

    Only messages of the runtime's own errors are logged, because those of other errors may contain a URL.
    """
    fields: dict[str, Value] = {"code": answer.code, "fault": fault_of_error(error), "status": answer.status}
    if isinstance(error, RequestError):
        write(steps.REQUEST_REFUSED, **fields)
        return
    reason = str(error) if isinstance(error, AsyncDownloadError) else None
    write(steps.REQUEST_FAILED, **fields, reason=reason, errorType=type(error).__name__, where=_place_of(error))


def rate(size: int, seconds: float) -> int | None:
    """Return whole bytes a second, or None for no time."""
    return round(size / seconds) if seconds > 0 else None


def _place_of(error: Exception) -> str:
    """Return the last six frames of an error, innermost first, as `module.function:line`."""
    frames = [
        f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " < ".join(frames[:-7:-1])


def _mask(name: str, value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return _SECRETS.sub("[masked]", value)[: _MAX_NAME_LENGTH if name in _NAMES else _MAX_LENGTH]
