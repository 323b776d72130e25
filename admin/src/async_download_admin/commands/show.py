"""`show`: a download with its execution, connections, object and log lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from async_download_admin import executions
from async_download_admin.commands import Result
from async_download_admin.errors import AwsCallError, DownloadError
from async_download_admin.items import batch_get, download_item, iso, shown_connection, shown_download
from async_download_admin.logs import LogLine, lines_of_download
from async_download_admin.stack import Stack
from async_download_admin.tables import cell, fields, table

_EXPIRY = re.compile(r'expiry-date="([^"]+)"')


def show(stack: Stack, download: str, *, logs: bool = True) -> Result:
    """Return all that is known of a download; raises DownloadError if nothing is."""
    arn = stack.execution_arn(download)
    download_id = stack.download_id(arn)
    item, execution = download_item(stack, arn), executions.describe(stack, arn)
    if not item and execution is None:
        raise DownloadError(
            f"There is no download {download_id}: its item expired, and Step Functions keeps an execution for 90 days.",
            "NOT_FOUND",
        )
    content: dict[str, Any] = {
        "downloadId": download_id,
        "executionArn": arn,
        "item": shown_download(item) if item else None,
        "execution": execution,
        "connections": _connections(stack, item),
        "object": _object(stack, item.get("objectKey") or f"{stack.outputs.prefix}{download_id}"),
    }
    if logs:
        start = datetime.fromisoformat(item["createdAt"] if item else str((execution or {})["startedAt"]))
        lines = lines_of_download(stack, download_id, start, (execution or {}).get("requestIds", ()))
        content["logs"] = [line.as_json() for line in lines]
        return Result(content, _text(content, lines))
    return Result(content, _text(content, None))


def _connections(stack: Stack, item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the connections in the item of a download; one without an item of its own is `isMissing`."""
    ids = list(item.get("connectionIds", ()))
    if not ids:
        return []
    items = batch_get(stack, stack.outputs.connections_table_name, "connectionId", ids)
    generation = item.get("ticketGeneration", 0)
    return [
        shown_connection(items[connection_id], generation)
        if connection_id in items
        else {"connectionId": connection_id, "isMissing": True}
        for connection_id in ids
    ]


def _object(stack: Stack, key: str) -> dict[str, Any]:
    """Return size, times and checksums of the copy; `exists` is False if there is none."""
    shown: dict[str, Any] = {"key": key, "exists": False}
    try:
        head = stack.call("s3", "HeadObject", Bucket=stack.outputs.bucket_name, Key=key, ChecksumMode="ENABLED")
    except AwsCallError as error:
        if error.aws_code in ("404", "NoSuchKey", "NotFound"):
            return shown
        raise
    shown |= {"exists": True, "size": head["ContentLength"], "modifiedAt": iso(head["LastModified"])}
    checksums = {name: head[name] for name in ("ChecksumCRC32", "ChecksumType") if name in head}
    expires_at = _expiry(head.get("Expiration"), head["LastModified"], stack)
    return shown | checksums | ({"expiresAt": iso(expires_at)} if expires_at else {})


def _expiry(header: str | None, modified_at: datetime, stack: Stack) -> datetime | None:
    """Return when the lifecycle deletes an object: S3's own answer, else the midnight (UTC) after the rule's days."""
    if match := _EXPIRY.search(header or ""):
        return parsedate_to_datetime(match[1])
    days = ((stack.outputs.bucket_rules.get("lifecycleRule") or {}).get("Expiration") or {}).get("Days")
    if not days:
        return None
    due = (modified_at + timedelta(days=int(days))).astimezone(UTC)
    midnight = datetime.combine(due.date(), time(), UTC)
    return midnight if due == midnight else midnight + timedelta(days=1)


def _text(content: dict[str, Any], lines: list[LogLine] | None) -> str:
    parts = [f"Download {content['downloadId']}"]
    item = content["item"]
    parts.append(fields(item) if item else "  The item has expired.")
    execution = {name: value for name, value in (content["execution"] or {}).items() if name != "requestIds"}
    parts += ["Execution", fields(execution) if execution else "  There is none any more."]
    parts.append(f"Connections: {len(content['connections'])}")
    parts += [fields(connection) for connection in content["connections"]]
    parts += ["Object", fields(content["object"])]
    if lines is not None:
        parts.append(f"Log lines: {len(lines)}")
        rows = [(iso(line.time), line.function, line.level, line.message, _extra(line)) for line in lines]
        parts += [table(("TIME", "FUNCTION", "LEVEL", "MESSAGE", "FIELDS"), rows)] if rows else []
    return "\n".join(parts)


def _extra(line: LogLine) -> str:
    hidden = ("executionArn", "downloadId")
    return " ".join(f"{name}={cell(value)}" for name, value in line.fields.items() if name not in hidden)
