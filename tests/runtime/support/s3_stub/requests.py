"""Which of S3's operations a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.runtime.support.s3_stub.answers import Refusal

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
    """One call, before its body. Header names are in lower case."""

    operation: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def part(self) -> int | None:
        """The part's number, where there is one."""
        number = self.query.get("partNumber")
        return int(number) if number is not None else None

    @property
    def metadata(self) -> dict[str, str]:
        """The object's own."""
        prefix = "x-amz-meta-"
        return {name.removeprefix(prefix): value for name, value in self.headers.items() if name.startswith(prefix)}

    @property
    def again(self) -> bool:
        """Whether the SDK sent this by itself, once more."""
        return "attempt=1" not in self.headers.get("amz-sdk-request", "attempt=1")


def read(method: str, target: str, headers: Mapping[str, str]) -> Request:
    """The request in a line of HTTP and its headers.

    Raises:
        Refusal: nothing that the stub does.
    """
    url = urlsplit(target)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    bucket, _, key = unquote(url.path).removeprefix("/").partition("/")
    kind = next((name for name in ("partNumber", "uploads", "uploadId") if name in query), "")
    operation = _OPERATIONS.get((method, kind))
    if operation is None or not key:
        raise Refusal(501, "NotImplemented", f"{method} {url.path}")
    if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
        raise Refusal(403, "AccessDenied", "not signed")
    return Request(operation, bucket, key, query, headers)
