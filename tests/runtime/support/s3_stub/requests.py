"""Parses requests to S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.runtime.support.s3_stub.answers import S3Error

_OPERATIONS = {
    ("PUT", "partNumber"): "UploadPart",
    ("PUT", ""): "PutObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("GET", "uploadId"): "ListParts",
    ("HEAD", ""): "HeadObject",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", ""): "DeleteObject",
}


@dataclass(frozen=True)
class Request:
    """A request without its body. Header names are in lower case."""

    operation: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def part(self) -> int | None:
        """Return the part number, or None."""
        number = self.query.get("partNumber")
        return int(number) if number is not None else None

    @property
    def metadata(self) -> dict[str, str]:
        """Return the metadata that the request sets on the object."""
        prefix = "x-amz-meta-"
        return {name.removeprefix(prefix): value for name, value in self.headers.items() if name.startswith(prefix)}

    @property
    def is_sdk_retry(self) -> bool:
        """Return True if the SDK sent the request again on its own."""
        return "attempt=1" not in self.headers.get("amz-sdk-request", "attempt=1")


def parse(method: str, target: str, headers: Mapping[str, str]) -> Request:
    """Return the request in a request line and headers.

    Raises:
        S3Error: The stub does not support the operation, or the request is not signed.
    """
    url = urlsplit(target)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    bucket, _, key = unquote(url.path).removeprefix("/").partition("/")
    parameter = next((name for name in ("partNumber", "uploads", "uploadId") if name in query), "")
    operation = _OPERATIONS.get((method, parameter))
    if operation is None or not key:
        raise S3Error(501, "NotImplemented", f"{method} {url.path}")
    if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
        raise S3Error(403, "AccessDenied", "not signed")
    return Request(operation, bucket, key, query, headers)
