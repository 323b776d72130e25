"""What happens on the way, as values for `on_event`.

`requested` → `connected` (→ `disconnected` → `connected` …, or `polling`) → `progress` … → `ready`
(→ `checking` … → `resumed`) → `received` … (→ `retrying`, `renewed`) (→ `checking` …) → `verified` → `saved`
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from async_download_client.models import Download, Ready

__all__ = [
    "Checking",
    "Connected",
    "Disconnected",
    "Event",
    "FileReady",
    "Polling",
    "Progress",
    "Received",
    "Renewed",
    "Requested",
    "Resumed",
    "Retrying",
    "Saved",
    "Verified",
    "as_json",
]


@dataclass(frozen=True)
class Requested:
    """The API took the order."""

    name: ClassVar = "requested"
    download: Download


@dataclass(frozen=True)
class Connected:
    """The WebSocket is open."""

    name: ClassVar = "connected"


@dataclass(frozen=True)
class Disconnected:
    """The WebSocket could not be opened or broke; it is tried again after `retry_in` seconds."""

    name: ClassVar = "disconnected"
    reason: str
    retry_in: float


@dataclass(frozen=True)
class Polling:
    """WebSockets do not get through: the API is asked again and again instead."""

    name: ClassVar = "polling"
    reason: str


@dataclass(frozen=True)
class Progress:
    """How far the copy from the origin to S3 is."""

    name: ClassVar = "progress"
    status: str
    copied_bytes: int | None
    size: int | None


@dataclass(frozen=True)
class FileReady:
    """The file can be fetched."""

    name: ClassVar = "ready"
    ready: Ready


@dataclass(frozen=True)
class Checking:
    """How far the reading of what is on the disk is: what an earlier try left, or the whole for its SHA-256."""

    name: ClassVar = "checking"
    checked_bytes: int
    size: int


@dataclass(frozen=True)
class Resumed:
    """So much is there from an earlier try, and is right."""

    name: ClassVar = "resumed"
    received_bytes: int
    size: int


@dataclass(frozen=True)
class Received:
    """How far the download from S3 is."""

    name: ClassVar = "received"
    received_bytes: int
    size: int


@dataclass(frozen=True)
class Retrying:
    """A part of the download broke off; it goes on after `retry_in` seconds."""

    name: ClassVar = "retrying"
    reason: str
    retry_in: float


@dataclass(frozen=True)
class Renewed:
    """The URL was refused, so a fresh one was asked for."""

    name: ClassVar = "renewed"
    expires_at: datetime


@dataclass(frozen=True)
class Verified:
    """Everything came and is right; `checks` says what was compared: `size`, `crc32`, `sha256`."""

    name: ClassVar = "verified"
    size: int
    checks: tuple[str, ...]
    sha256: str | None


@dataclass(frozen=True)
class Saved:
    """The file is complete under its own name; without one when it went to a stream."""

    name: ClassVar = "saved"
    path: Path | None
    size: int


Event = (
    Requested
    | Connected
    | Disconnected
    | Polling
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
    """The event as an object for `json.dumps`: `event`, then its fields in camelCase, without tickets and URLs."""
    fields: dict[str, object] = {}
    for name, value in _public(event).items():
        fields |= value if isinstance(value, dict) and name in ("ready", "download") else {name: value}
    return {"event": event.name} | fields


def _public(value: object) -> dict[str, object]:
    return {
        _camel(each.name): _plain(getattr(value, each.name))
        for each in dataclasses.fields(value)  # type: ignore[arg-type] # only called with our own dataclasses
        if each.repr
    }


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return _public(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, Path) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
