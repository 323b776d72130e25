"""Reads a request body, counts and hashes it, and keeps it if asked to."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.runtime.support.s3_stub.answers import S3Error
from tests.runtime.support.s3_stub.chunks import BUFFER, AwsChunked, Chunked, CutOffError, FixedLength, Stream, buffered

TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CHECKSUM = "x-amz-checksum-crc32"


@dataclass(frozen=True)
class ReceivedBody:
    """A complete body. `trailed`: its checksum came in a trailer; `claimed`: the checksum that the client sent."""

    size: int
    crc32: int
    trailed: bool
    claimed: str | None
    content: bytes

    @property
    def checksum(self) -> str:
        """Return the CRC-32 of the body in base64."""
        return base64.b64encode(self.crc32.to_bytes(4, "big")).decode()


def receive(
    stream: Stream, headers: Mapping[str, str], *, keep: bool, on_bytes: Callable[[int], None] = lambda _size: None
) -> ReceivedBody:
    """Read the body that these headers (names in lower case) announce; call `on_bytes` with the bytes received so far.

    Raises:
        CutOffError: The client closed the connection.
        S3Error: The body does not match its headers.
    """
    stream_body = _http_body(stream, headers)
    trailed = headers.get("content-encoding", "").split(",")[-1].strip() == "aws-chunked"
    if trailed and headers.get("x-amz-content-sha256") != TRAILER:
        raise S3Error(400, "InvalidRequest", "aws-chunked without its x-amz-content-sha256")
    if trailed and "x-amz-decoded-content-length" not in headers:
        raise S3Error(411, "MissingContentLength", "aws-chunked without its length")
    payload = AwsChunked(buffered(stream_body)) if trailed else stream_body
    size, crc32, sha256, content = 0, 0, hashlib.sha256(), bytearray()
    hashed = len(headers.get("x-amz-content-sha256", "")) == 64
    view = memoryview(bytearray(BUFFER))
    try:
        while read := payload.readinto(view):
            size, crc32 = size + read, zlib.crc32(view[:read], crc32)
            if hashed:
                sha256.update(view[:read])
            if keep:
                content += view[:read]
            on_bytes(size)
        while stream_body.readinto(view):  # bytes after the end of aws-chunked
            raise S3Error(400, "InvalidRequest", "bytes behind the last chunk")
    except ValueError:
        raise S3Error(400, "InvalidChunkSizeError", "a chunk is not what its length says") from None
    claimed = headers.get(CHECKSUM)
    if trailed:
        assert isinstance(payload, Chunked)
        announced = [name.strip() for name in headers.get("x-amz-trailer", "").split(",") if name.strip()]
        if sorted(announced) != sorted(payload.trailers):
            raise S3Error(400, "MalformedTrailerError", "the trailers are not those that were announced")
        claimed = payload.trailers.get(CHECKSUM, claimed)
        if size != int(headers["x-amz-decoded-content-length"]):
            raise S3Error(400, "IncompleteBody", "not as many bytes as announced")
    if hashed and sha256.hexdigest() != headers["x-amz-content-sha256"]:
        raise S3Error(400, "XAmzContentSHA256Mismatch", "other bytes than were hashed")
    return ReceivedBody(size, crc32, trailed, claimed, bytes(content))


def _http_body(stream: Stream, headers: Mapping[str, str]) -> FixedLength:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Chunked(stream)
    return FixedLength(stream, int(headers.get("content-length") or 0))


__all__ = ["CutOffError", "ReceivedBody", "receive"]
