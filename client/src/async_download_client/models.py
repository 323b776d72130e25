"""The values of the API's requests and responses. Tickets and URLs are left out of every repr."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class DownloadRequest:
    """A request for a file; the download fails if the file has another SHA-256 (hex) or size (bytes)."""

    path: str | None = None
    origin: str | None = None
    file_name: str | None = None
    sha256: str | None = None
    size: int | None = None

    @property
    def body(self) -> dict[str, str | int]:
        """The JSON body of POST /downloads."""
        fields = {
            "path": self.path,
            "origin": self.origin,
            "fileName": self.file_name,
            "sha256": self.sha256,
            "size": self.size,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def digest(self, base: str) -> str:
        """Return a hash of this request and the API's base URL, to recognise the same request."""
        return hashlib.sha256(json.dumps([base, self.body], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Download:
    """A requested download. `ticket` and `web_socket_endpoint` give access to it: keep them like a password."""

    id: str
    execution_arn: str
    status_url: str
    expires_at: datetime
    web_socket_endpoint: str = field(repr=False)
    ticket: str = field(repr=False)

    @property
    def response(self) -> dict[str, str]:
        """The API's response, for `parse_download`; it holds the ticket."""
        return {
            "downloadId": self.id,
            "executionArn": self.execution_arn,
            "webSocketEndpoint": self.web_socket_endpoint,
            "statusUrl": self.status_url,
            "expiresAt": self.expires_at.isoformat().replace("+00:00", "Z"),
        }


@dataclass(frozen=True)
class Checksum:
    """S3's checksum of the object; `value` is base64."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class ReadyFile:
    """A file in S3; `url` is pre-signed and valid until `expires_at`."""

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
        """The size, ETag and checksum, which differ between versions of a file, for `json`."""
        checksum = [self.checksum.algorithm, self.checksum.value] if self.checksum else None
        return {"size": self.size, "etag": self.etag, "checksum": checksum}

    @property
    def crc32(self) -> str | None:
        """The CRC-32 of the whole file, base64; None if S3 has another checksum, or only one of part checksums."""
        checksum = self.checksum
        is_crc32 = checksum and checksum.algorithm == "CRC32" and "-" not in checksum.value
        return checksum.value if checksum and is_crc32 else None


@dataclass(frozen=True)
class Status:
    """A download's status: PENDING, COPYING, PREPARING, READY (with `file`), FAILED (with the error) or CANCELLED.

    `next_request_at` is when the stack requests the file of the origin again, which is PREPARING it. A newer stack may
    send further statuses.
    """

    status: str
    copied_bytes: int | None = None
    size: int | None = None
    file: ReadyFile | None = None
    error_code: str | None = None
    error_message: str | None = None
    next_request_at: datetime | None = None
