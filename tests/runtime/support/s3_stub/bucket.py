"""The bucket: sizes and checksums of objects and parts, without their bytes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.runtime.support.s3_stub.answers import Response, S3Error, xml_document, xml_element
from tests.runtime.support.s3_stub.body import ReceivedBody
from tests.runtime.support.s3_stub.completion import check_completion
from tests.runtime.support.s3_stub.requests import Request
from tests.runtime.support.s3_stub.stored import StoredObject, StoredPart, base64_of

MIN_PART_SIZE = 5 * 1024**2
MAX_PART_SIZE = 5 * 1024**3
MAX_PARTS = 10_000
MAX_LISTED_PARTS = 1_000


@dataclass
class Upload:
    """A multipart upload in progress. After a 409 `conflicted` is set, and only an abort is accepted."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    checksum_type: str
    parts: dict[int, StoredPart] = field(default_factory=dict)
    conflicted: bool = False


class Bucket:
    """One bucket; its methods are operations of S3."""

    def __init__(self, name: str, min_part_size: int = MIN_PART_SIZE) -> None:
        self.name = name
        self.objects: dict[str, StoredObject] = {}
        self.uploads: dict[str, Upload] = {}
        self.min_part_size = min_part_size
        self._lock = threading.Lock()

    def find_upload(self, request: Request) -> Upload | None:
        """Return the upload that a request names, before its body has been read.

        Raises:
            S3Error: The bucket, the upload or the part number does not exist.
        """
        if request.bucket != self.name:
            raise S3Error(404, "NoSuchBucket", request.bucket)
        if request.part is not None and not 1 <= request.part <= MAX_PARTS:
            raise S3Error(400, "InvalidArgument", f"part {request.part}")
        if "uploadId" not in request.query or request.operation == "CompleteMultipartUpload":
            return None
        with self._lock:
            upload = self.uploads.get(request.query["uploadId"])
        if upload is None or upload.key != request.key:
            raise S3Error(404, "NoSuchUpload", "it was completed or aborted, or never was")
        return upload

    def run(self, request: Request, upload: Upload | None, body: ReceivedBody) -> Response:
        """Run the operation and return its response.

        Raises:
            S3Error: S3 would refuse the operation.
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
                    return Response(204)
            assert upload is not None
            match request.operation:
                case "UploadPart":
                    return self._upload_part(request, upload, body)
                case "ListParts":
                    return _list_parts(request, upload)
                case _:
                    self.uploads.pop(request.query["uploadId"], None)
                    return Response(204)

    def mark_conflict(self, request: Request) -> None:
        """Mark the upload of a request as conflicting with another write to its key."""
        with self._lock:
            if upload := self.uploads.get(request.query.get("uploadId", "")):
                upload.conflicted = True

    def _put(self, request: Request, body: ReceivedBody) -> Response:
        _check_digest(body)
        self._refuse_to_overwrite(request)
        etag = _etag()
        self.objects[request.key] = StoredObject(
            body.size, etag, body.crc32, "FULL_OBJECT", _content_type(request), request.metadata, 0, body.content
        )
        return Response(
            headers={"etag": etag, "x-amz-checksum-crc32": body.checksum, "x-amz-checksum-type": "FULL_OBJECT"}
        )

    def _create(self, request: Request) -> Response:
        algorithm = request.headers.get("x-amz-checksum-algorithm")
        if algorithm != "CRC32":
            raise S3Error(501, "NotImplemented", f"checksum algorithm {algorithm}")
        kind = request.headers.get("x-amz-checksum-type", "COMPOSITE")
        if kind not in ("FULL_OBJECT", "COMPOSITE"):
            raise S3Error(400, "InvalidRequest", f"checksum type {kind}")
        upload_id = uuid.uuid4().hex
        self.uploads[upload_id] = Upload(request.key, _content_type(request), request.metadata, kind)
        body = xml_element("Bucket", self.name) + xml_element("Key", request.key) + xml_element("UploadId", upload_id)
        headers = {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
        return Response(headers=headers, body=xml_document("InitiateMultipartUploadResult", body))

    def _upload_part(self, request: Request, upload: Upload, body: ReceivedBody) -> Response:
        assert request.part is not None
        _check_digest(body)
        if body.trailed and request.is_sdk_retry:
            raise S3Error(400, "InvalidRequest", "a streamed body was sent a second time")
        if body.size > MAX_PART_SIZE:
            raise S3Error(400, "EntityTooLarge", f"{body.size} bytes")
        part = StoredPart(request.part, _etag(), body.size, body.crc32)
        upload.parts[request.part] = part
        self.uploads.setdefault(request.query["uploadId"], upload)  # in flight when it was aborted: it is back
        return Response(headers={"etag": part.etag, "x-amz-checksum-crc32": part.checksum})

    def _complete(self, request: Request, body: ReceivedBody) -> Response:
        self._refuse_to_overwrite(request)
        upload_id = request.query["uploadId"]
        upload = self.uploads.get(upload_id)
        if upload is None or upload.key != request.key:
            raise S3Error(404, "NoSuchUpload", "it was completed or aborted, or never was")
        if upload.conflicted:
            raise S3Error(409, "ConditionalRequestConflict", "start a new upload")
        completion = check_completion(
            request.headers, body.content, upload.parts, upload.checksum_type, self.min_part_size
        )
        stored = StoredObject(
            completion.size,
            _etag(f"-{completion.part_count}"),
            completion.crc32,
            upload.checksum_type,
            upload.content_type,
            upload.metadata,
            completion.part_count,
        )
        self.objects[request.key] = stored
        del self.uploads[upload_id]
        content = xml_element("Key", request.key) + xml_element("ETag", stored.etag)
        content += xml_element("ChecksumCRC32", stored.checksum) + xml_element("ChecksumType", stored.checksum_type)
        return Response(body=xml_document("CompleteMultipartUploadResult", content))

    def _head(self, request: Request) -> Response:
        item = self.objects.get(request.key)
        if item is None:
            return Response(404)
        headers = {"etag": item.etag, "content-type": item.content_type, "content-length": str(item.size)}
        headers |= {f"x-amz-meta-{name}": value for name, value in item.metadata.items()}
        if request.headers.get("x-amz-checksum-mode") == "ENABLED":
            headers |= {"x-amz-checksum-crc32": item.checksum, "x-amz-checksum-type": item.checksum_type}
        return Response(headers=headers)

    def _refuse_to_overwrite(self, request: Request) -> None:
        condition = request.headers.get("if-none-match")
        if condition not in (None, "*"):
            raise S3Error(501, "NotImplemented", "If-None-Match other than *")
        if condition and request.key in self.objects:
            raise S3Error(412, "PreconditionFailed", "there is an object")


def _list_parts(request: Request, upload: Upload) -> Response:
    marker = int(request.query.get("part-number-marker", 0))
    max_parts = min(int(request.query.get("max-parts", MAX_LISTED_PARTS)), MAX_LISTED_PARTS)
    remaining = [upload.parts[number] for number in sorted(upload.parts) if number > marker]
    page = remaining[:max_parts]
    content = xml_element("IsTruncated", str(len(remaining) > len(page)).lower()) + xml_element("MaxParts", max_parts)
    content += xml_element("PartNumberMarker", marker)
    if page:
        content += xml_element("NextPartNumberMarker", page[-1].number)
    for part in page:
        content_of_part = (
            xml_element("PartNumber", part.number) + xml_element("ETag", part.etag) + xml_element("Size", part.size)
        )
        content += f"<Part>{content_of_part}{xml_element('ChecksumCRC32', part.checksum)}</Part>"
    return Response(body=xml_document("ListPartsResult", content))


def _check_digest(body: ReceivedBody) -> None:
    if body.claimed is None:
        raise S3Error(400, "InvalidRequest", "no CRC-32: nothing would notice what the way did to the bytes")
    if body.claimed != base64_of(body.crc32):
        raise S3Error(400, "BadDigest", "these are not the bytes of the checksum")


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "binary/octet-stream")


def _etag(suffix: str = "") -> str:
    """Another one each time, as with KMS: nobody may take it for an MD5."""
    return f'"{uuid.uuid4().hex}{suffix}"'
