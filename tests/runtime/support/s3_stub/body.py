"""One request's body, counted and hashed as it is read; a short one may be kept."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.runtime.support.s3_stub.answers import Refusal
from tests.runtime.support.s3_stub.chunks import BUFFER, AwsChunked, Chunked, CutOffError, Exactly, Stream, buffered

TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CHECKSUM = "x-amz-checksum-crc32"


@dataclass(frozen=True)
class Received:
    """A body that was read to its end. `trailed` when its checksum came behind it, `content` when it is kept."""

    size: int
    crc32: int
    trailed: bool
    claimed: str | None
    content: bytes

    @property
    def checksum(self) -> str:
        """Its CRC-32, base64."""
        return base64.b64encode(self.crc32.to_bytes(4, "big")).decode()


def receive(
    stream: Stream, headers: Mapping[str, str], *, keep: bool, on_bytes: Callable[[int], None] = lambda _size: None
) -> Received:
    """Read the body that these headers (names in lower case) announce; `on_bytes` is told how much there is.

    Raises:
        CutOffError: the client left.
        Refusal: it is not what its headers say.
    """
    outer = _outer(stream, headers)
    trailed = headers.get("content-encoding", "").split(",")[-1].strip() == "aws-chunked"
    if trailed and headers.get("x-amz-content-sha256") != TRAILER:
        raise Refusal(400, "InvalidRequest", "aws-chunked without its x-amz-content-sha256")
    if trailed and "x-amz-decoded-content-length" not in headers:
        raise Refusal(411, "MissingContentLength", "aws-chunked without its length")
    inner = AwsChunked(buffered(outer)) if trailed else outer
    size, crc32, sha256, kept = 0, 0, hashlib.sha256(), bytearray()
    hashed = len(headers.get("x-amz-content-sha256", "")) == 64
    view = memoryview(bytearray(BUFFER))
    try:
        while read := inner.readinto(view):
            size, crc32 = size + read, zlib.crc32(view[:read], crc32)
            if hashed:
                sha256.update(view[:read])
            if keep:
                kept += view[:read]
            on_bytes(size)
        while outer.readinto(view):  # what is behind aws-chunked's end
            raise Refusal(400, "InvalidRequest", "bytes behind the last chunk")
    except ValueError:
        raise Refusal(400, "InvalidChunkSizeError", "a chunk is not what its length says") from None
    claimed = headers.get(CHECKSUM)
    if trailed:
        assert isinstance(inner, Chunked)
        announced = [name.strip() for name in headers.get("x-amz-trailer", "").split(",") if name.strip()]
        if sorted(announced) != sorted(inner.trailers):
            raise Refusal(400, "MalformedTrailerError", "the trailers are not those that were announced")
        claimed = inner.trailers.get(CHECKSUM, claimed)
        if size != int(headers["x-amz-decoded-content-length"]):
            raise Refusal(400, "IncompleteBody", "not as many bytes as announced")
    if hashed and sha256.hexdigest() != headers["x-amz-content-sha256"]:
        raise Refusal(400, "XAmzContentSHA256Mismatch", "other bytes than were hashed")
    return Received(size, crc32, trailed, claimed, bytes(kept))


def _outer(stream: Stream, headers: Mapping[str, str]) -> Exactly:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Chunked(stream)
    return Exactly(stream, int(headers.get("content-length") or 0))


__all__ = ["CutOffError", "Received", "receive"]
