"""S3."""

# ruff: noqa: ARG002  (the port says what each method takes)

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
    """What S3 holds."""

    body: bytes
    metadata: Mapping[str, str]
    content_type: str
    parts: list[Part] | None = None


@dataclass
class Upload:
    """A multipart upload under way."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


MIN_PART_SIZE = 5 * 1024**2
"""What S3 requires of each part but the last."""


class FakeObjects:
    """S3. `fail` is called with each operation's name before it runs; `after` when it has.

    Args:
        checksum_type: The type of a multipart object's checksum.
        min_part_size: The least bytes of each part but the last: a test of small parts passes their size.
    """

    def __init__(self, checksum_type: str = "FULL_OBJECT", min_part_size: int = MIN_PART_SIZE) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.uploads: dict[str, Upload] = {}
        self.checksum_type = checksum_type
        self.min_part_size = min_part_size
        self.calls: Counter[str] = Counter()
        self.fail: Callable[[str], None] = lambda _operation: None
        self.after: Callable[[str], None] = lambda _operation: None
        self.largest_parts = 0
        self._lock = threading.Lock()
        self._held = 0

    def put(
        self, key: str, body: bytearray, *, crc32: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectHead:
        self._called("put")
        if zlib.crc32(body) != crc32:
            raise StorageError("put_object", "BadDigest")
        if key in self.objects:
            raise ObjectExistsError("put_object", "PreconditionFailed")
        self.objects[key] = StoredObject(bytes(body), metadata, content_type)
        self.after("put")
        head = self.head(key)
        assert head is not None
        return head

    def create_upload(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        self._called("create_upload")
        upload_id = f"upload-{self.calls['create_upload']}"
        self.uploads[upload_id] = Upload(key, content_type, metadata)
        return upload_id

    def upload_part(self, key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        with self._lock:
            self._held += len(body)
            self.largest_parts = max(self.largest_parts, self._held)
        try:
            self._called("upload_part")
            if zlib.crc32(body) != crc32:
                raise StorageError("upload_part", "BadDigest")
            if upload_id not in self.uploads:
                raise UploadGoneError("upload_part", "NoSuchUpload")
            self.uploads[upload_id].parts[number] = bytes(body)
            self.after("upload_part")
            return f'"etag-{number}"'
        finally:
            with self._lock:
                self._held -= len(body)

    def stream_part(self, key: str, upload_id: str, *, number: int, body: PartBody) -> str:
        self._called("stream_part")
        chunks = []
        try:
            while chunk := body.read(700):
                chunks.append(chunk)
                self.after("stream_chunk")
        except Exception:  # as botocore does: what went wrong in the body is not told
            raise StorageError("upload_part", "HTTPClientError") from None
        whole = b"".join(chunks)
        if len(whole) != len(body) or zlib.crc32(whole) != body.crc32:
            raise StorageError("upload_part", "BadDigest")
        if upload_id not in self.uploads:
            raise UploadGoneError("upload_part", "NoSuchUpload")
        self.after("stream_part")
        self.uploads[upload_id].parts[number] = whole
        return f'"etag-{number}"'

    def complete(self, key: str, upload_id: str, *, parts: Sequence[Part]) -> None:
        self._called("complete")
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
        self.after("complete")

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, max_parts: int = 10_000) -> list[Part]:
        self._called("list_parts")
        if upload_id not in self.uploads:
            raise UploadGoneError("list_parts", "NoSuchUpload")
        held = sorted((number, body) for number, body in self.uploads[upload_id].parts.items() if number > after)
        return [Part(number, f'"etag-{number}"', len(body), zlib.crc32(body)) for number, body in held[:max_parts]]

    def head(self, key: str) -> ObjectHead | None:
        self._called("head")
        held = self.objects.get(key)
        if held is None:
            return None
        kind = self.checksum_type if held.parts else "FULL_OBJECT"
        whole = crc32_text(zlib.crc32(held.body))
        checksum = crc32.composite(held.parts) if held.parts and kind == "COMPOSITE" else whole
        return ObjectHead(len(held.body), '"etag"', held.metadata, checksum, kind)

    def abort(self, key: str, upload_id: str) -> None:
        self._called("abort")
        self.uploads.pop(upload_id, None)
        self.after("abort")

    def has_upload(self, key: str, upload_id: str) -> bool:
        self._called("has_upload")
        return upload_id in self.uploads

    def delete(self, key: str) -> None:
        self._called("delete")
        self.objects.pop(key, None)

    @property
    def held(self) -> int:
        """How many bytes are in flight."""
        return self._held

    def _called(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1
        self.fail(operation)
