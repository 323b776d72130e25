"""What the API tells, as typed values. Tickets and URLs are left out of every repr."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Checksum", "Download", "Order", "Ready", "Status"]


@dataclass(frozen=True)
class Order:
    """What is asked for; a file of another SHA-256 (hex) or size (bytes) fails."""

    path: str | None = None
    origin: str | None = None
    file_name: str | None = None
    sha256: str | None = None
    size: int | None = None

    @property
    def body(self) -> dict[str, str | int]:
        """As the API takes it."""
        fields = {
            "path": self.path,
            "origin": self.origin,
            "fileName": self.file_name,
            "sha256": self.sha256,
            "size": self.size,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def digest(self, base: str) -> str:
        """What tells it from another order, of this API or of another."""
        return hashlib.sha256(json.dumps([base, self.body], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Download:
    """A download that was asked for. `ticket` and `web_socket_endpoint` open it: keep them like a password."""

    id: str
    execution_arn: str
    status_url: str
    expires_at: datetime
    web_socket_endpoint: str = field(repr=False)
    ticket: str = field(repr=False)

    @property
    def answer(self) -> dict[str, str]:
        """As the API gave it, for `download_of`; holds the ticket."""
        return {
            "downloadId": self.id,
            "executionArn": self.execution_arn,
            "webSocketEndpoint": self.web_socket_endpoint,
            "statusUrl": self.status_url,
            "expiresAt": self.expires_at.isoformat().replace("+00:00", "Z"),
        }


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

    @property
    def identity(self) -> dict[str, object]:
        """What tells this file from another one under the same name, for `json`."""
        checksum = [self.checksum.algorithm, self.checksum.value] if self.checksum else None
        return {"size": self.size, "etag": self.etag, "checksum": checksum}

    @property
    def crc32(self) -> str | None:
        """The CRC-32 of the whole file, if S3 knows one: a checksum of checksums is none."""
        known = self.checksum
        return known.value if known and known.algorithm == "CRC32" and "-" not in known.value else None


@dataclass(frozen=True)
class Status:
    """How far a download is: PENDING, COPYING, READY, FAILED or CANCELLED; `ready` when it is READY."""

    status: str
    copied_bytes: int | None = None
    size: int | None = None
    ready: Ready | None = None
    error_code: str | None = None
    error_message: str | None = None
