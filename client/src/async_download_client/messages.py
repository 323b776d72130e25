"""Reading what the API says: REST bodies and WebSocket messages. No input or output happens here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeGuard, cast
from urllib.parse import parse_qs, urlsplit

from async_download_client.errors import DownloadCancelledError, DownloadFailedError, ProtocolError
from async_download_client.models import Checksum, Download, Ready, Status
from async_download_client.text import printable

__all__ = ["Body", "download_of", "is_unserved", "news_of", "raise_if_over", "ready_of", "status_of"]

Body = Mapping[str, object]
_ID = re.compile(r"[0-9A-Za-z_-]{1,80}")  # part of a path, and printed
_TICKET = re.compile(r"[0-9A-Za-z_.-]{1,300}")  # the value of a header


def download_of(body: Body) -> Download:
    """The download in the answer to a request for one."""
    endpoint = _url(body, "webSocketEndpoint", ("ws", "wss"))
    tickets = parse_qs(urlsplit(endpoint).query).get("ticket", [])
    if len(tickets) != 1 or not _TICKET.fullmatch(tickets[0]):
        raise ProtocolError("The API's answer has a webSocketEndpoint without a ticket.")
    download_id = _text(body, "downloadId")
    if not _ID.fullmatch(download_id):
        raise ProtocolError("The API's answer has a malformed downloadId.")
    return Download(
        id=download_id,
        execution_arn=_text(body, "executionArn"),
        web_socket_endpoint=endpoint,
        status_url=_url(body, "statusUrl", ("http", "https")),
        expires_at=_moment(body, "expiresAt"),
        ticket=tickets[0],
    )


def ready_of(body: Body, download: Download) -> Ready:
    """The file in a `ready` message, or in `download` of a status."""
    size = _count(body, "size")
    if size is None:
        raise ProtocolError("The API told of a file without its size.")
    checksum = body.get("checksum")
    return Ready(
        download=download,
        url=_url(body, "url", ("http", "https")),
        expires_at=_moment(body, "expiresAt"),
        size=size,
        content_type=_optional(body, "contentType") or "application/octet-stream",
        file_name=_optional(body, "fileName") or "download",
        etag=_optional(body, "etag"),
        checksum=Checksum(_text(checksum, "algorithm"), _text(checksum, "value")) if _is_body(checksum) else None,
        sha256=_optional(body, "sha256"),
    )


def status_of(body: Body, download: Download) -> Status:
    """The answer to GET /downloads/{id}."""
    status, file, error = _text(body, "status"), body.get("download"), body.get("error")
    if status == "READY" and not _is_body(file):
        raise ProtocolError("The API says READY without saying what.")
    return Status(
        status=status,
        copied_bytes=_count(body, "copiedBytes"),
        size=_count(body, "size"),
        ready=ready_of(file, download) if _is_body(file) else None,
        error_code=_optional(error, "code") if _is_body(error) else None,
        error_message=_optional(error, "message") if _is_body(error) else None,
    )


def news_of(message: Body, download: Download) -> Status | None:
    """What a WebSocket message says about the download; None when nothing that a client has to know."""
    if message.get("downloadId") != download.id:
        return None
    kind = message.get("type")
    if kind == "ready":
        return Status("READY", ready=ready_of(message, download))
    if kind == "failed":
        return status_of({**message, "status": "FAILED"}, download)
    if kind == "cancelled":
        return Status("CANCELLED")
    if kind in ("status", "progress"):
        status = _optional(message, "status") or "COPYING"
        return Status(status, copied_bytes=_count(message, "copiedBytes"), size=_count(message, "size"))
    return None


def is_unserved(message: Body) -> bool:
    """Return whether the stack says that it does not serve this socket any more, so that no message will come on it."""
    error = message.get("error")
    return _is_body(error) and message.get("type") == "error" and error.get("code") == "DOWNLOAD_NOT_FOUND"


def raise_if_over(status: Status) -> None:
    """Raise what a FAILED or CANCELLED download stands for."""
    if status.status == "FAILED":
        raise DownloadFailedError(status.error_message or "The download failed.", status.error_code or "FAILED")
    if status.status == "CANCELLED":
        raise DownloadCancelledError


def _is_body(value: object) -> TypeGuard[Body]:
    return isinstance(value, Mapping)


def _optional(body: object, name: str) -> str | None:
    """Return a text without characters that a terminal obeys, or None where there is no text."""
    value = cast(Body, body).get(name)
    return printable(value) if isinstance(value, str) and value else None


def _text(body: object, name: str) -> str:
    value = _optional(body, name)
    if value is None:
        raise ProtocolError(f"The API's answer lacks {name}. Is the URL that of an async-download stack?")
    return value


def _url(body: Body, name: str, schemes: tuple[str, ...]) -> str:
    """Return a URL that can be parsed and printed; raises ProtocolError for another text."""
    url = _text(body, name)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not url.isascii() or not url.isprintable() or " " in url:
        raise ProtocolError(f"The API's answer has a malformed {name}.")
    return url


def _count(body: Body, name: str) -> int | None:
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _moment(body: Body, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(body, name))
    except ValueError:
        raise ProtocolError(f"The API's answer has a malformed {name}.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
