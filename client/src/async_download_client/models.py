"""What the API tells, as typed values. Tickets and URLs are left out of every repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Checksum", "Download", "Ready", "Status"]


@dataclass(frozen=True)
class Download:
    """A download that was asked for. `ticket` and `web_socket_endpoint` open it: keep them like a password."""

    id: str
    execution_arn: str
    status_url: str
    expires_at: datetime
    web_socket_endpoint: str = field(repr=False)
    ticket: str = field(repr=False)


@dataclass(frozen=True)
class Checksum:
    """S3's checksum of the object: base64 of e.g. a CRC32."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class Ready:
    """A file that can be fetched; `url` is pre-signed and valid until `expires_at`."""

    size: int
    file_name: str
    content_type: str
    expires_at: datetime
    etag: str | None
    checksum: Checksum | None
    sha256: str | None
    url: str = field(repr=False)
    download: Download = field(repr=False)


@dataclass(frozen=True)
class Status:
    """How far a download is: PENDING, COPYING, READY, FAILED or CANCELLED; `ready` when it is READY."""

    status: str
    copied_bytes: int | None = None
    size: int | None = None
    ready: Ready | None = None
    error_code: str | None = None
    error_message: str | None = None
