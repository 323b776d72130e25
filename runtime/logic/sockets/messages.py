"""The messages to clients: JSON objects, each far below the 32 KB of one frame.

Every message has `type`, `version`, `messageId` (the same when the message is sent again) and `downloadId`.
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
    """Return the message about a download: `ready` (which needs a URL), `failed`, `cancelled`, or else `status`."""
    if download.stored is not None and signed is not None:
        return _message("ready", download.download_id, "ready") | file_of(download, download.stored, signed)
    if download.status is Status.FAILED:
        return _message("failed", download.download_id, "failed") | {"error": error_of(download)}
    if download.status is Status.CANCELLED:
        return _message("cancelled", download.download_id, "cancelled")
    message_id = f"status-{download.status}-{download.copied_bytes or 0}"
    if download.next_request_at is not None:
        message_id += f"-{download.next_request_at:.0f}"
    return _message("status", download.download_id, message_id) | status_of(download)


def progress(download: Download, rate: float | None = None) -> Message:
    """Return the progress of a copy, with its rate in bytes a second and the seconds left, if they are known."""
    copied, size = download.copied_bytes or 0, download.size
    message = _message("progress", download.download_id, f"progress-{copied}") | {"copiedBytes": copied}
    if rate is not None and rate >= 1:
        message["bytesPerSecond"] = round(rate)
        if size is not None:
            message["secondsLeft"] = math.ceil(max(0, size - copied) / rate)
    return message | _bytes_of(download)


def pong(download_id: str, request_id: str) -> Message:
    """Return the answer to the `ping` with this id."""
    return _message("pong", download_id, f"pong-{request_id}")


def error(download_id: str, request_id: str, failure: Failure) -> Message:
    """Return the answer to a message that is malformed or failed."""
    details = {"code": failure.code, "message": failure.message[:500]}
    return _message("error", download_id, f"error-{request_id}") | {"error": details}


def file_of(download: Download, stored: Stored, signed: SignedUrl) -> Message:
    """Return the fields with which a client fetches and verifies the file."""
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
    """Return the file name in the request, or one made from the path."""
    return download.file_name or disposition.name_of(download.path)


def error_of(download: Download) -> dict[str, str]:
    """Return the failure of a FAILED download."""
    failure = download.failure or Failure("TRANSFER_FAILED", "The transfer failed.")
    return {"code": failure.code, "message": failure.message[:500]}


def encode(message: Message) -> bytes:
    """Return the bytes to send."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > LARGEST:
        raise ValueError(f"A message of {len(data)} bytes does not fit in a frame")
    return data


def _message(kind: str, download_id: str, message_id: str) -> Message:
    return {"type": kind, "version": VERSION, "messageId": f"{download_id}-{message_id}", "downloadId": download_id}


def status_of(download: Download) -> Message:
    """Return the status of a download, with its sizes and the time of its next request to the origin, if known."""
    status: Message = {"status": str(download.status)} | _bytes_of(download)
    if download.next_request_at is not None:
        status["nextRequestAt"] = iso(download.next_request_at)
    return status


def _bytes_of(download: Download) -> Message:
    sizes = {"size": download.size, "copiedBytes": download.copied_bytes}
    return {name: value for name, value in sizes.items() if value is not None}
