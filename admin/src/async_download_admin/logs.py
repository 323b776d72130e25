"""Log lines of the functions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from async_download_client.text import printable

from async_download_admin.errors import WrongStackError
from async_download_admin.items import iso
from async_download_admin.masking import mask
from async_download_admin.stack import Stack

_THREADS = 4  # CloudWatch Logs allows five FilterLogEvents a second in small regions
_MARGIN = timedelta(minutes=1)
_STANDARD = ("timestamp", "level", "message", "executionArn", "downloadId")


@dataclass(frozen=True)
class LogLine:
    """A line of a function's log; `fields` are those beside time, level and message."""

    time: datetime
    function: str
    level: str
    message: str
    fields: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the line for `json.dumps`."""
        line = {"timestamp": iso(self.time), "function": self.function, "level": self.level, "message": self.message}
        return line | {name: value for name, value in self.fields.items() if name not in line}


def lines_of_download(
    stack: Stack, download_id: str, start: datetime, request_ids: Sequence[str] = ()
) -> list[LogLine]:
    """Return the lines of all functions that name a download, or a failed call of its execution, in time order."""
    patterns = [f'"{download_id}"']
    if request_ids:
        patterns.append(" ".join(f'?"{request_id}"' for request_id in request_ids))
    searches = [(function, pattern) for function in stack.outputs.function_names for pattern in patterns]
    with ThreadPoolExecutor(_THREADS) as pool:
        results = pool.map(lambda search: list(search_log(stack, search[0], search[1], start - _MARGIN)), searches)
        lines = {(line.time, line.function, line.message, str(line.fields)): line for part in results for line in part}
    return sorted(lines.values(), key=lambda line: line.time)


def failure_codes(stack: Stack, execution_arns: Iterable[str], start: datetime) -> dict[str, str]:
    """Return the codes of failed downloads in the log of `fail`, by execution ARN.

    The first line has the code of the failure: a later call, of a status event, knows only that the execution failed.
    """
    arns = set(execution_arns)
    codes: dict[str, str] = {}
    for line in search_log(stack, "fail", '"executionArn" "code"', start - _MARGIN):
        arn, code = line.fields.get("executionArn"), line.fields.get("code")
        if arn in arns and isinstance(code, str):
            codes.setdefault(arn, code)
    return codes


def search_log(stack: Stack, function: str, pattern: str, start: datetime) -> Iterator[LogLine]:
    """Yield the lines of a function that match a filter pattern; none if the log group is gone."""
    group, since = stack.outputs.log_group(function), int(start.timestamp() * 1000)
    try:
        for page in stack.aws.pages(
            "logs", "FilterLogEvents", logGroupName=group, filterPattern=pattern, startTime=since
        ):
            for event in page["events"]:
                yield _parse(function, event)
    except WrongStackError:  # deleted with the stack, or never written
        return


def _parse(function: str, event: dict[str, Any]) -> LogLine:
    text = str(event["message"]).strip()
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    if not isinstance(content, dict):
        return LogLine(moment, function, "INFO", _shown(text), {})
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(str(content.get("timestamp")))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    message = content.get("message") or content.get("errorMessage") or content.get("type") or ""
    fields = {_shown(name): _shown_field(value) for name, value in content.items() if name not in _STANDARD[:3]}
    return LogLine(moment, function, _shown(content.get("level", "INFO")), _shown(message), fields)


def _shown_field(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list):
        return [_shown(element) for element in value]
    return _shown(value)


def _shown(value: object) -> str:
    return printable(mask(value if isinstance(value, str) else json.dumps(value, default=str)))
