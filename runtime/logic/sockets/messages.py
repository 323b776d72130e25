"""What clients are told over the WebSocket: JSON objects, each far below the 32 KB of one frame.

Every message has `type`, `version`, `messageId` (the same when the same news is told again) and `downloadId`.
"""

from __future__ import annotations

import json
import math

from runtime.logic.origin import disposition
from runtime.models import Download, Failure, SignedUrl, Status, Stored, iso

VERSION = 1
LARGEST = 32 * 1024 - 1
Message = dict[str, object]


def download_message(download: Download, signed: SignedUrl | None = None) -> Message:
    """What the row says: `ready` (which needs a URL), `failed`, `cancelled`, or else its `status`."""
    if download.stored is not None and signed is not None:
        return _message("ready", download.download_id, "ready") | file_of(download, download.stored, signed)
    if download.status is Status.FAILED:
        return _message("failed", download.download_id, "failed") | {"error": error_of(download)}
    if download.status is Status.CANCELLED:
        return _message("cancelled", download.download_id, "cancelled")
    news_id = f"status-{download.status}-{download.copied_bytes or 0}"
    return _message("status", download.download_id, news_id) | {"status": str(download.status)} | _bytes_of(download)


def progress(download: Download, rate: float | None = None) -> Message:
    """How far the copy is; how fast, in bytes a second, and how many seconds are left, where that can be said."""
    copied, size = download.copied_bytes or 0, download.size
    told = _message("progress", download.download_id, f"progress-{copied}") | {"copiedBytes": copied}
    if rate is not None and rate >= 1:
        told["bytesPerSecond"] = round(rate)
        if size is not None:
            told["secondsLeft"] = math.ceil(max(0, size - copied) / rate)
    return told | _bytes_of(download)


def pong(download_id: str, asked: str) -> Message:
    """The answer to `ping`; `asked` is the id of what is answered."""
    return _message("pong", download_id, f"pong-{asked}")


def error(download_id: str, asked: str, failure: Failure) -> Message:
    """The answer to what could not be understood or done."""
    told = {"code": failure.code, "message": failure.message[:500]}
    return _message("error", download_id, f"error-{asked}") | {"error": told}


def file_of(download: Download, stored: Stored, signed: SignedUrl) -> Message:
    """The file as a client needs it to fetch and to verify it."""
    described: Message = {
        "url": signed.url,
        "expiresAt": iso(signed.expires_at),
        "size": stored.size,
        "contentType": stored.content_type,
        "fileName": file_name_of(download),
        "etag": stored.etag,
        "checksum": {"algorithm": stored.checksum.algorithm, "value": stored.checksum.value},
    }
    return described | ({"sha256": stored.sha256} if stored.sha256 else {})


def file_name_of(download: Download) -> str:
    """The name that the client asked for, or one made from the path."""
    return download.file_name or disposition.name_of(download.path)


def error_of(download: Download) -> dict[str, str]:
    """The failure of a FAILED download."""
    failure = download.failure or Failure("TRANSFER_FAILED", "The transfer failed.")
    return {"code": failure.code, "message": failure.message[:500]}


def encode(message: Message) -> bytes:
    """The bytes to send."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > LARGEST:
        raise ValueError(f"A message of {len(data)} bytes does not fit in a frame")
    return data


def _message(kind: str, download_id: str, news_id: str) -> Message:
    return {"type": kind, "version": VERSION, "messageId": f"{download_id}-{news_id}", "downloadId": download_id}


def _bytes_of(download: Download) -> Message:
    known = {"size": download.size, "copiedBytes": download.copied_bytes}
    return {name: value for name, value in known.items() if value is not None}
