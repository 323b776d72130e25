"""Parses REST responses and WebSocket messages into typed values, without input or output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeGuard, cast
from urllib.parse import parse_qs, urlsplit

from async_download_client.errors import DownloadCancelledError, DownloadFailedError, ProtocolError
from async_download_client.models import Checksum, Download, ReadyFile, Status
from async_download_client.text import printable

Body = Mapping[str, object]
_MAX_COUNT = 2**63 - 1
_ID = re.compile(r"[0-9A-Za-z_-]{1,80}")  # becomes part of a path, and is printed
_TICKET = re.compile(r"[0-9A-Za-z_.-]{1,300}")  # becomes the value of a header


def parse_download(body: Body) -> Download:
    """Return the download in the response to a request; raises ProtocolError if it is malformed."""
    endpoint = _url(body, "webSocketEndpoint", ("ws", "wss"))
    tickets = parse_qs(urlsplit(endpoint).query).get("ticket", [])
    if len(tickets) != 1 or not _TICKET.fullmatch(tickets[0]):
        raise ProtocolError("The webSocketEndpoint in the API's response has no ticket.")
    download_id = _text(body, "downloadId")
    if not _ID.fullmatch(download_id):
        raise ProtocolError("The API's response has a malformed downloadId.")
    return Download(
        id=download_id,
        execution_arn=_text(body, "executionArn"),
        web_socket_endpoint=endpoint,
        status_url=_url(body, "statusUrl", ("http", "https")),
        expires_at=_datetime(body, "expiresAt"),
        ticket=tickets[0],
    )


def parse_file(body: Body, download: Download) -> ReadyFile:
    """Return the file in a `ready` message, or in the field `download` of a status."""
    size = _count(body, "size")
    if size is None:
        raise ProtocolError("The API's response has a file without a size.")
    checksum = body.get("checksum")
    return ReadyFile(
        download=download,
        url=_url(body, "url", ("http", "https")),
        expires_at=_datetime(body, "expiresAt"),
        size=size,
        content_type=_optional_text(body, "contentType") or "application/octet-stream",
        file_name=_optional_text(body, "fileName") or "download",
        etag=_optional_text(body, "etag"),
        checksum=Checksum(_text(checksum, "algorithm"), _text(checksum, "value")) if _is_body(checksum) else None,
        sha256=_optional_text(body, "sha256"),
    )


def parse_status(body: Body, download: Download) -> Status:
    """Return the status in the response to GET /downloads/{id}."""
    status, file, error = _text(body, "status"), body.get("download"), body.get("error")
    if status == "READY" and not _is_body(file):
        raise ProtocolError("The API's response has the status READY but no file.")
    return Status(
        status=status,
        copied_bytes=_count(body, "copiedBytes"),
        size=_count(body, "size"),
        file=parse_file(file, download) if _is_body(file) else None,
        error_code=_optional_text(error, "code") if _is_body(error) else None,
        error_message=_optional_text(error, "message") if _is_body(error) else None,
        next_request_at=_optional_datetime(body, "nextRequestAt"),
    )


def parse_message(message: Body, download: Download) -> Status | None:
    """Return the download's status in a WebSocket message; None for other downloads and unknown message types."""
    if message.get("downloadId") != download.id:
        return None
    kind = message.get("type")
    if kind == "ready":
        return Status("READY", file=parse_file(message, download))
    if kind == "failed":
        return parse_status({**message, "status": "FAILED"}, download)
    if kind == "cancelled":
        return Status("CANCELLED")
    if kind in ("status", "progress"):
        status = _optional_text(message, "status") or "COPYING"
        return Status(
            status,
            copied_bytes=_count(message, "copiedBytes"),
            size=_count(message, "size"),
            next_request_at=_optional_datetime(message, "nextRequestAt"),
        )
    return None


def is_connection_unknown(message: Body) -> bool:
    """Return True if the stack answers that it does not know this connection, on which it will send no messages."""
    error = message.get("error")
    return _is_body(error) and message.get("type") == "error" and error.get("code") == "DOWNLOAD_NOT_FOUND"


def raise_if_ended(status: Status) -> None:
    """Raise DownloadFailedError or DownloadCancelledError for a download that FAILED or was CANCELLED."""
    if status.status == "FAILED":
        raise DownloadFailedError(status.error_message or "The download failed.", status.error_code or "FAILED")
    if status.status == "CANCELLED":
        raise DownloadCancelledError


def _is_body(value: object) -> TypeGuard[Body]:
    return isinstance(value, Mapping)


def _optional_text(body: object, name: str) -> str | None:
    """Return a field's text, made safe for terminals; None if it is absent, empty or not a text."""
    value = cast(Body, body).get(name)
    return printable(value) if isinstance(value, str) and value else None


def _text(body: object, name: str) -> str:
    value = _optional_text(body, name)
    if value is None:
        raise ProtocolError(f"The API's response has no {name}. Check that the URL is that of an async-download stack.")
    return value


def _url(body: Body, name: str, schemes: tuple[str, ...]) -> str:
    """Return a URL that can be parsed and printed; raises ProtocolError for any other text."""
    url = _text(body, name)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not url.isascii() or not url.isprintable() or " " in url:
        raise ProtocolError(f"The API's response has a malformed {name}.")
    return url


def _count(body: Body, name: str) -> int | None:
    value = body.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return cast(int, value) if is_number and 0 <= cast(int, value) <= _MAX_COUNT else None


def _datetime(body: Body, name: str) -> datetime:
    _text(body, name)
    if parsed := _optional_datetime(body, name):
        return parsed
    raise ProtocolError(f"The API's response has a malformed {name}.")


def _optional_datetime(body: Body, name: str) -> datetime | None:
    """Return a time; None if it is absent or malformed."""
    try:
        parsed = datetime.fromisoformat(_optional_text(body, name) or "")
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
