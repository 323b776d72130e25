"""`list`: executions of the last hours or days, with their items where these still exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from async_download_admin import executions
from async_download_admin.commands import Result
from async_download_admin.items import BATCH, LISTED, batch_get, iso
from async_download_admin.logs import failure_codes
from async_download_admin.stack import Stack
from async_download_admin.tables import table

_COLUMNS = ("STARTED", "SECONDS", "EXECUTION", "DOWNLOAD", "ID", "ORIGIN", "PATH", "SIZE", "CODE")


@dataclass(frozen=True)
class Selection:
    """The downloads to list. `statuses` are those of executions, None for any; `since` is the earliest start."""

    since: timedelta
    statuses: Sequence[str | None] = (None,)
    origin: str | None = None
    code: str | None = None
    limit: int = 100


def list_downloads(stack: Stack, selection: Selection, now: datetime | None = None) -> Result:
    """Return the downloads, the latest first. Those without an item have no origin, path and size any more."""
    since = (now or datetime.now(UTC)) - selection.since
    source = executions.list_executions(stack, stack.outputs.state_machine_arn, selection.statuses, since)
    expired = 0
    rows: list[dict[str, Any]] = []
    truncated = False
    while not truncated and (batch := list(islice(source, BATCH))):
        for row in _joined(stack, batch):
            if selection.origin is not None and row["origin"] is None:
                expired += 1
            elif _matches(row, selection):
                truncated = len(rows) == selection.limit
                if truncated:
                    break
                rows.append(row)
    content = {"downloads": rows, "isTruncated": truncated, "withoutItem": expired}
    return Result(content, _text(rows, selection, truncated=truncated, expired=expired))


def _matches(row: dict[str, Any], selection: Selection) -> bool:
    return selection.origin in (None, row["origin"]) and selection.code in (None, row["code"])


def _joined(stack: Stack, batch: Sequence[executions.Execution]) -> Iterator[dict[str, Any]]:
    """Yield executions with what their items say; codes of failures without an item come from the log of `fail`."""
    arns = [execution["executionArn"] for execution in batch]
    items = batch_get(stack, stack.outputs.downloads_table_name, "executionArn", arns, LISTED)
    without = [
        execution
        for execution in batch
        if execution["status"] in executions.FAILED and execution["executionArn"] not in items
    ]
    codes: dict[str, str] = {}
    if without:
        start = min(execution["startDate"] for execution in without)
        codes = failure_codes(stack, (execution["executionArn"] for execution in without), start)
    for execution in batch:
        item = items.get(execution["executionArn"], {})
        stop = execution.get("stopDate")
        yield {
            "downloadId": stack.download_id(execution["executionArn"]),
            "executionArn": execution["executionArn"],
            "startedAt": iso(execution["startDate"]),
            "seconds": round((stop - execution["startDate"]).total_seconds(), 1) if stop else None,
            "execution": execution["status"],
            "status": item.get("status"),
            "origin": item.get("origin"),
            "path": item.get("path"),
            "size": item.get("size"),
            "code": (item.get("failure") or {}).get("code") or codes.get(execution["executionArn"]),
        }


def _text(rows: Sequence[dict[str, Any]], selection: Selection, *, truncated: bool, expired: int) -> str:
    names = ("startedAt", "seconds", "execution", "status", "downloadId", "origin", "path", "size", "code")
    parts = [table(_COLUMNS, [[row[name] for name in names] for row in rows]) if rows else "No downloads."]
    if truncated:
        parts.append(f"There are more than {selection.limit}: raise --limit, or choose with --since, --origin, --code.")
    if expired:
        parts.append(f"{expired} executions are left out: their items have expired, so their origins are unknown.")
    return "\n".join(parts)
