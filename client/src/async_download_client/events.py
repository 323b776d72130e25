"""The events of a download, for the callback `on_event`, in the order in which they occur.

`requested` → `connected` (→ `disconnected` → `connected` …, or `polling`) (→ `preparing` …) → `progress` … → `ready`
(→ `checking` … → `resumed`) → `received` … (→ `retrying`, `renewed`) (→ `checking` …) → `verified` → `saved`
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from async_download_client.models import Download, ReadyFile


@dataclass(frozen=True)
class Requested:
    """The API accepted the request."""

    name: ClassVar = "requested"
    download: Download


@dataclass(frozen=True)
class Connected:
    """The WebSocket is open."""

    name: ClassVar = "connected"


@dataclass(frozen=True)
class Disconnected:
    """The WebSocket could not be opened or broke; it is opened again after `retry_in` seconds."""

    name: ClassVar = "disconnected"
    reason: str
    retry_in: float


@dataclass(frozen=True)
class Polling:
    """No WebSocket can be opened; the client polls the API instead."""

    name: ClassVar = "polling"
    reason: str


@dataclass(frozen=True)
class Preparing:
    """The origin prepares the file, which may take hours; the stack requests it again at `next_request_at`."""

    name: ClassVar = "preparing"
    next_request_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """The progress of the copy from the origin to S3."""

    name: ClassVar = "progress"
    status: str
    copied_bytes: int | None
    size: int | None


@dataclass(frozen=True)
class FileReady:
    """The file is in S3 and can be downloaded."""

    name: ClassVar = "ready"
    file: ReadyFile


@dataclass(frozen=True)
class Checking:
    """The progress of reading the bytes on disk, to verify those of an earlier call or the SHA-256 of all."""

    name: ClassVar = "checking"
    checked_bytes: int
    size: int


@dataclass(frozen=True)
class Resumed:
    """Bytes of an earlier call are on disk and verified."""

    name: ClassVar = "resumed"
    received_bytes: int
    size: int


@dataclass(frozen=True)
class Received:
    """The progress of the download from S3."""

    name: ClassVar = "received"
    received_bytes: int
    size: int


@dataclass(frozen=True)
class Retrying:
    """A call of the API or a GET of the download failed; it is repeated after `retry_in` seconds."""

    name: ClassVar = "retrying"
    reason: str
    retry_in: float


@dataclass(frozen=True)
class Renewed:
    """S3 refused the URL, and the API signed a new one."""

    name: ClassVar = "renewed"
    expires_at: datetime


@dataclass(frozen=True)
class Verified:
    """All bytes were received and verified; `checks` holds those of `size`, `crc32` and `sha256` that were compared."""

    name: ClassVar = "verified"
    size: int
    checks: tuple[str, ...]
    sha256: str | None


@dataclass(frozen=True)
class Saved:
    """The file is complete at `path`; None if it was written to a stream."""

    name: ClassVar = "saved"
    path: Path | None
    size: int


Event = (
    Requested
    | Connected
    | Disconnected
    | Polling
    | Preparing
    | Progress
    | FileReady
    | Checking
    | Resumed
    | Received
    | Retrying
    | Renewed
    | Verified
    | Saved
)


def as_json(event: Event) -> dict[str, object]:
    """Return an event for `json.dumps`: `event`, then its fields in camelCase, without tickets and URLs."""
    fields: dict[str, object] = {}
    for name, value in _json_fields(event).items():
        fields |= value if isinstance(value, dict) and name in ("file", "download") else {name: value}
    return {"event": event.name} | fields


def _json_fields(value: object) -> dict[str, object]:
    return {
        _camel_case(field.name): _json_value(getattr(value, field.name))
        for field in dataclasses.fields(value)  # type: ignore[arg-type] # only called with our own dataclasses
        if field.repr
    }


def _json_value(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return _json_fields(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, Path) else value


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
