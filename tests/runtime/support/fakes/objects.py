"""The bucket in S3."""

# ruff: noqa: ARG002  (the port defines the parameters)

from __future__ import annotations

import threading
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runtime.errors import InvalidPartError, ObjectExistsError, StorageError, UploadGoneError
from runtime.logic.copying import crc32
from runtime.models import crc32_text
from runtime.ports import ObjectHead, Part, PartBody


@dataclass
class StoredObject:
    """An object in the bucket."""

    body: bytes
    metadata: Mapping[str, str]
    content_type: str
    parts: list[Part] | None = None


@dataclass
class Upload:
    """A multipart upload in progress."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


MIN_PART_SIZE = 5 * 1024**2
"""The least size that S3 accepts for every part but the last."""


class FakeObjects:
    """The bucket in memory; `before_call` and `after_call` are called with the name of each operation.

    Args:     checksum_type: The type of a multipart object's checksum.     min_part_size: The least size of each part
    but the last; tests with small parts pass their size.
    """

    def __init__(self, checksum_type: str = "FULL_OBJECT", min_part_size: int = MIN_PART_SIZE) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.uploads: dict[str, Upload] = {}
        self.checksum_type = checksum_type
        self.min_part_size = min_part_size
        self.calls: Counter[str] = Counter()
        self.before_call: Callable[[str], None] = lambda _operation: None
        self.after_call: Callable[[str], None] = lambda _operation: None
        self.max_bytes_in_flight = 0
        self._lock = threading.Lock()
        self._bytes_in_flight = 0

    def put(
        self, key: str, body: bytearray, *, crc32: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectHead:
        self._record_call("put")
        if zlib.crc32(body) != crc32:
            raise StorageError("put_object", "BadDigest")
        if key in self.objects:
            raise ObjectExistsError("put_object", "PreconditionFailed")
        self.objects[key] = StoredObject(bytes(body), metadata, content_type)
        self.after_call("put")
        head = self.head(key)
        assert head is not None
        return head

    def create_upload(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        self._record_call("create_upload")
        upload_id = f"upload-{self.calls['create_upload']}"
        self.uploads[upload_id] = Upload(key, content_type, metadata)
        return upload_id

    def upload_part(self, key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        with self._lock:
            self._bytes_in_flight += len(body)
            self.max_bytes_in_flight = max(self.max_bytes_in_flight, self._bytes_in_flight)
        try:
            self._record_call("upload_part")
            if zlib.crc32(body) != crc32:
                raise StorageError("upload_part", "BadDigest")
            if upload_id not in self.uploads:
                raise UploadGoneError("upload_part", "NoSuchUpload")
            self.uploads[upload_id].parts[number] = bytes(body)
            self.after_call("upload_part")
            return f'"etag-{number}"'
        finally:
            with self._lock:
                self._bytes_in_flight -= len(body)

    def stream_part(self, key: str, upload_id: str, *, number: int, body: PartBody) -> str:
        self._record_call("stream_part")
        chunks = []
        try:
            while chunk := body.read(700):
                chunks.append(chunk)
                self.after_call("stream_chunk")
        except Exception:  # botocore hides the error of the body, too
            raise StorageError("upload_part", "HTTPClientError") from None
        body_bytes = b"".join(chunks)
        if len(body_bytes) != len(body) or zlib.crc32(body_bytes) != body.crc32:
            raise StorageError("upload_part", "BadDigest")
        if upload_id not in self.uploads:
            raise UploadGoneError("upload_part", "NoSuchUpload")
        self.after_call("stream_part")
        self.uploads[upload_id].parts[number] = body_bytes
        return f'"etag-{number}"'

    def complete(self, key: str, upload_id: str, *, parts: Sequence[Part]) -> None:
        self._record_call("complete")
        if key in self.objects:
            raise ObjectExistsError("complete_multipart_upload", "PreconditionFailed")
        if upload_id not in self.uploads:
            raise UploadGoneError("complete_multipart_upload", "NoSuchUpload")
        upload = self.uploads[upload_id]
        if any(zlib.crc32(upload.parts.get(part.number, b"")) != part.crc32 for part in parts):
            raise InvalidPartError("complete_multipart_upload", "InvalidPart")
        if any(len(upload.parts[part.number]) < self.min_part_size for part in parts[:-1]):
            raise StorageError("complete_multipart_upload", "EntityTooSmall")
        del self.uploads[upload_id]
        body = b"".join(upload.parts[part.number] for part in parts)
        self.objects[key] = StoredObject(body, upload.metadata, upload.content_type, list(parts))
        self.after_call("complete")

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, max_parts: int = 10_000) -> list[Part]:
        self._record_call("list_parts")
        if upload_id not in self.uploads:
            raise UploadGoneError("list_parts", "NoSuchUpload")
        stored_parts = sorted(
            (number, body) for number, body in self.uploads[upload_id].parts.items() if number > after
        )
        return [
            Part(number, f'"etag-{number}"', len(body), zlib.crc32(body)) for number, body in stored_parts[:max_parts]
        ]

    def head(self, key: str) -> ObjectHead | None:
        self._record_call("head")
        stored = self.objects.get(key)
        if stored is None:
            return None
        checksum_type = self.checksum_type if stored.parts else "FULL_OBJECT"
        whole = crc32_text(zlib.crc32(stored.body))
        checksum = crc32.composite(stored.parts) if stored.parts and checksum_type == "COMPOSITE" else whole
        return ObjectHead(len(stored.body), '"etag"', stored.metadata, checksum, checksum_type)

    def abort(self, key: str, upload_id: str) -> None:
        self._record_call("abort")
        self.uploads.pop(upload_id, None)
        self.after_call("abort")

    def has_upload(self, key: str, upload_id: str) -> bool:
        self._record_call("has_upload")
        return upload_id in self.uploads

    def delete(self, key: str) -> None:
        self._record_call("delete")
        self.objects.pop(key, None)

    @property
    def bytes_in_flight(self) -> int:
        """Return the bytes of the parts that are being uploaded."""
        return self._bytes_in_flight

    def _record_call(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1
        self.before_call(operation)
