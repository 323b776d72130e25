"""The bucket: what S3 would hold, as sizes and checksums; the bytes themselves are dropped."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.runtime.support.s3_stub.answers import Answer, Refusal, document, element
from tests.runtime.support.s3_stub.body import Received
from tests.runtime.support.s3_stub.completion import completed
from tests.runtime.support.s3_stub.requests import Request
from tests.runtime.support.s3_stub.stored import StoredObject, StoredPart, base64_of

LEAST_PART = 5 * 1024**2
MOST_PART = 5 * 1024**3
MOST_PARTS = 10_000
PAGE = 1_000


@dataclass
class Upload:
    """A multipart upload that has not ended. After a 409 nothing but an abort helps."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    checksum_type: str
    parts: dict[int, StoredPart] = field(default_factory=dict)
    conflicted: bool = False


class Bucket:
    """One bucket; its methods are S3's operations."""

    def __init__(self, name: str, least_part: int = LEAST_PART) -> None:
        self.name = name
        self.objects: dict[str, StoredObject] = {}
        self.uploads: dict[str, Upload] = {}
        self._least_part = least_part
        self._lock = threading.Lock()

    def begin(self, request: Request) -> Upload | None:
        """What can be said before the body has come: the upload that it is for.

        Raises:
            Refusal: there is no such bucket or upload, or no such part.
        """
        if request.bucket != self.name:
            raise Refusal(404, "NoSuchBucket", request.bucket)
        if request.part is not None and not 1 <= request.part <= MOST_PARTS:
            raise Refusal(400, "InvalidArgument", f"part {request.part}")
        if "uploadId" not in request.query or request.operation == "CompleteMultipartUpload":
            return None
        with self._lock:
            upload = self.uploads.get(request.query["uploadId"])
        if upload is None or upload.key != request.key:
            raise Refusal(404, "NoSuchUpload", "it was completed or aborted, or never was")
        return upload

    def do(self, request: Request, upload: Upload | None, body: Received) -> Answer:
        """The operation.

        Raises:
            Refusal: S3 would not.
        """
        with self._lock:
            match request.operation:
                case "PutObject":
                    return self._put(request, body)
                case "CreateMultipartUpload":
                    return self._create(request)
                case "CompleteMultipartUpload":
                    return self._complete(request, body)
                case "HeadObject":
                    return self._head(request)
                case "DeleteObject":
                    self.objects.pop(request.key, None)
                    return Answer(204)
            assert upload is not None
            match request.operation:
                case "UploadPart":
                    return self._upload_part(request, upload, body)
                case "ListParts":
                    return _listed(request, upload)
                case _:
                    self.uploads.pop(request.query["uploadId"], None)
                    return Answer(204)

    def conflict(self, request: Request) -> None:
        """Somebody else wrote the key meanwhile: the upload is of no use any more."""
        with self._lock:
            if upload := self.uploads.get(request.query.get("uploadId", "")):
                upload.conflicted = True

    def _put(self, request: Request, body: Received) -> Answer:
        _check_digest(body)
        self._refuse_to_overwrite(request)
        etag = _etag()
        self.objects[request.key] = StoredObject(
            body.size, etag, body.crc32, "FULL_OBJECT", _content_type(request), request.metadata, 0, body.content
        )
        return Answer(
            headers={"etag": etag, "x-amz-checksum-crc32": body.checksum, "x-amz-checksum-type": "FULL_OBJECT"}
        )

    def _create(self, request: Request) -> Answer:
        algorithm = request.headers.get("x-amz-checksum-algorithm")
        if algorithm != "CRC32":
            raise Refusal(501, "NotImplemented", f"checksum algorithm {algorithm}")
        kind = request.headers.get("x-amz-checksum-type", "COMPOSITE")
        if kind not in ("FULL_OBJECT", "COMPOSITE"):
            raise Refusal(400, "InvalidRequest", f"checksum type {kind}")
        upload_id = uuid.uuid4().hex
        self.uploads[upload_id] = Upload(request.key, _content_type(request), request.metadata, kind)
        body = element("Bucket", self.name) + element("Key", request.key) + element("UploadId", upload_id)
        headers = {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
        return Answer(headers=headers, body=document("InitiateMultipartUploadResult", body))

    def _upload_part(self, request: Request, upload: Upload, body: Received) -> Answer:
        assert request.part is not None
        _check_digest(body)
        if body.trailed and request.again:
            raise Refusal(400, "InvalidRequest", "a streamed body was sent a second time")
        if body.size > MOST_PART:
            raise Refusal(400, "EntityTooLarge", f"{body.size} bytes")
        part = StoredPart(request.part, _etag(), body.size, body.crc32)
        upload.parts[request.part] = part
        self.uploads.setdefault(request.query["uploadId"], upload)  # in flight when it was aborted: it is back
        return Answer(headers={"etag": part.etag, "x-amz-checksum-crc32": part.checksum})

    def _complete(self, request: Request, body: Received) -> Answer:
        self._refuse_to_overwrite(request)
        upload_id = request.query["uploadId"]
        upload = self.uploads.get(upload_id)
        if upload is None or upload.key != request.key:
            raise Refusal(404, "NoSuchUpload", "it was completed or aborted, or never was")
        if upload.conflicted:
            raise Refusal(409, "ConditionalRequestConflict", "start a new upload")
        made = completed(request.headers, body.content, upload.parts, upload.checksum_type, self._least_part)
        stored = StoredObject(
            made.size,
            _etag(f"-{made.part_count}"),
            made.crc32,
            upload.checksum_type,
            upload.content_type,
            upload.metadata,
            made.part_count,
        )
        self.objects[request.key] = stored
        del self.uploads[upload_id]
        described = element("Key", request.key) + element("ETag", stored.etag)
        described += element("ChecksumCRC32", stored.checksum) + element("ChecksumType", stored.checksum_type)
        return Answer(body=document("CompleteMultipartUploadResult", described))

    def _head(self, request: Request) -> Answer:
        stored = self.objects.get(request.key)
        if stored is None:
            return Answer(404)
        headers = {"etag": stored.etag, "content-type": stored.content_type, "content-length": str(stored.size)}
        headers |= {f"x-amz-meta-{name}": value for name, value in stored.metadata.items()}
        if request.headers.get("x-amz-checksum-mode") == "ENABLED":
            headers |= {"x-amz-checksum-crc32": stored.checksum, "x-amz-checksum-type": stored.checksum_type}
        return Answer(headers=headers)

    def _refuse_to_overwrite(self, request: Request) -> None:
        condition = request.headers.get("if-none-match")
        if condition not in (None, "*"):
            raise Refusal(501, "NotImplemented", "If-None-Match other than *")
        if condition and request.key in self.objects:
            raise Refusal(412, "PreconditionFailed", "there is an object")


def _listed(request: Request, upload: Upload) -> Answer:
    after = int(request.query.get("part-number-marker", 0))
    most = min(int(request.query.get("max-parts", PAGE)), PAGE)
    waiting = [upload.parts[number] for number in sorted(upload.parts) if number > after]
    page = waiting[:most]
    content = element("IsTruncated", str(len(waiting) > len(page)).lower()) + element("MaxParts", most)
    content += element("PartNumberMarker", after)
    if page:
        content += element("NextPartNumberMarker", page[-1].number)
    for part in page:
        described = element("PartNumber", part.number) + element("ETag", part.etag) + element("Size", part.size)
        content += f"<Part>{described}{element('ChecksumCRC32', part.checksum)}</Part>"
    return Answer(body=document("ListPartsResult", content))


def _check_digest(body: Received) -> None:
    if body.claimed is None:
        raise Refusal(400, "InvalidRequest", "no CRC-32: nothing would notice what the way did to the bytes")
    if body.claimed != base64_of(body.crc32):
        raise Refusal(400, "BadDigest", "these are not the bytes of the checksum")


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "binary/octet-stream")


def _etag(suffix: str = "") -> str:
    """Another one each time, as with KMS: nobody may take it for an MD5."""
    return f'"{uuid.uuid4().hex}{suffix}"'
