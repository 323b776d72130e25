"""The bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from runtime.adapters import aws
from runtime.errors import (
    InvalidPartError,
    ObjectExistsError,
    ServiceError,
    StorageError,
    UploadConflictError,
    UploadGoneError,
)
from runtime.models import crc32_of, crc32_text
from runtime.ports import ObjectHead, Part, PartBody

_PAGE = 1_000
PATIENT = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=10,
    tcp_keepalive=True,
    s3={"payload_signing_enabled": False},  # each part carries its CRC32, and TLS the rest
)
ONCE = PATIENT.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
_TYPED: dict[str, type[ServiceError]] = {
    "ConditionalRequestConflict": UploadConflictError,
    "PreconditionFailed": ObjectExistsError,
    "412": ObjectExistsError,
    "NoSuchUpload": UploadGoneError,
    "InvalidPart": InvalidPartError,
}


@dataclass(frozen=True)
class S3Objects:
    """`ports.Objects`."""

    bucket: str

    def warm_up(self) -> None:
        """Make the client and sign a URL, which loads what a request needs and leaves no failure in access logs."""
        aws.client("s3", PATIENT).generate_presigned_url("head_object", Params={"Bucket": self.bucket, "Key": "none"})

    def put(
        self, key: str, body: bytearray, *, crc32: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectHead:
        """PutObject, if the key is free."""
        answer = self._call(
            "put_object",
            Key=key,
            Body=body,
            ContentType=content_type,
            Metadata=dict(metadata),
            ChecksumCRC32=crc32_text(crc32),
            IfNoneMatch="*",
        )
        if "ChecksumCRC32" not in answer:
            return self.head(key) or ObjectHead(0, "", {}, None, None)
        return ObjectHead(len(body), answer["ETag"], metadata, answer["ChecksumCRC32"], "FULL_OBJECT")

    def create_upload(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        """CreateMultipartUpload with a checksum of the whole."""
        answer = self._call(
            "create_multipart_upload",
            Key=key,
            ContentType=content_type,
            Metadata=dict(metadata),
            ChecksumAlgorithm="CRC32",
            ChecksumType="FULL_OBJECT",
        )
        return str(answer["UploadId"])

    def upload_part(self, key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        """UploadPart, refused by S3 when the bytes are not those of the checksum."""
        answer = self._call(
            "upload_part",
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            ContentLength=len(body),
            ChecksumCRC32=crc32_text(crc32),
        )
        return str(answer["ETag"])

    def stream_part(self, key: str, upload_id: str, *, number: int, body: PartBody) -> str:
        """UploadPart with the CRC-32 as a trailer behind the bytes. It needs https: over http a body is read twice."""
        answer = self._call(
            "upload_part",
            ONCE,
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            ContentLength=len(body),
            ChecksumAlgorithm="CRC32",
        )
        if answer.get("ChecksumCRC32") != crc32_text(body.crc32):
            raise StorageError("upload_part", "BadDigest")
        return str(answer["ETag"])

    def complete(self, key: str, upload_id: str, *, parts: Sequence[Part]) -> None:
        """CompleteMultipartUpload, if the key is free."""
        listed = [{"PartNumber": p.number, "ETag": p.etag, "ChecksumCRC32": p.checksum} for p in parts]
        self._call(
            "complete_multipart_upload",
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": listed},
            MpuObjectSize=sum(part.size for part in parts),
            IfNoneMatch="*",
        )

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, max_parts: int = 10_000) -> list[Part]:
        """ListParts, page by page."""
        parts: list[Part] = []
        while len(parts) < max_parts:
            page = self._call(
                "list_parts",
                Key=key,
                UploadId=upload_id,
                PartNumberMarker=after,
                MaxParts=min(_PAGE, max_parts - len(parts)),
            )
            listed = page.get("Parts", [])
            parts += [_part(item) for item in listed if "ChecksumCRC32" in item]
            if not page.get("IsTruncated") or not listed:
                break
            after = listed[-1]["PartNumber"]
        return parts

    def head(self, key: str) -> ObjectHead | None:
        """HeadObject with its checksum."""
        try:
            answer = self._call("head_object", Key=key, ChecksumMode="ENABLED")
        except StorageError as error:
            if error.code in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        return ObjectHead(
            size=answer["ContentLength"],
            etag=answer["ETag"],
            metadata=answer.get("Metadata", {}),
            checksum=answer.get("ChecksumCRC32"),
            checksum_type=answer.get("ChecksumType"),
        )

    def abort(self, key: str, upload_id: str) -> None:
        """AbortMultipartUpload, if the upload is still there."""
        try:
            self._call("abort_multipart_upload", Key=key, UploadId=upload_id)
        except UploadGoneError:
            return

    def has_upload(self, key: str, upload_id: str) -> bool:
        """Return whether ListParts still finds the upload."""
        try:
            self._call("list_parts", Key=key, UploadId=upload_id, MaxParts=1)
        except UploadGoneError:
            return False
        return True

    def delete(self, key: str) -> None:
        """DeleteObject."""
        self._call("delete_object", Key=key)

    def _call(self, operation: str, config: Config = PATIENT, **parameters: Any) -> Any:
        request: Callable[..., Any] = getattr(aws.client("s3", config), operation)
        with aws.safe_errors(operation, StorageError):
            try:
                return request(Bucket=self.bucket, **parameters)
            except ClientError as error:
                kind = _TYPED.get(aws.code_of(error), StorageError)
                raise kind(operation, aws.code_of(error)) from None


def _part(item: Mapping[str, Any]) -> Part:
    return Part(item["PartNumber"], item["ETag"], item["Size"], crc32_of(item["ChecksumCRC32"]))
