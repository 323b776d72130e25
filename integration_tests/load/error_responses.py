"""The error responses of AWS that are injected: status, headers and body, as botocore's models describe them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape

_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
_COMMON = "com.amazon.coral.availability#"
_JSON_TYPE = b"application/x-amz-json-1.0"


@dataclass(frozen=True)
class ErrorResponse:
    """An HTTP response."""

    status: int
    body: bytes
    content_type: bytes
    error_type: bytes = b""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers, in the form of ASGI."""
        headers = [(b"content-type", self.content_type), (b"content-length", str(len(self.body)).encode())]
        return [*headers, (b"x-amzn-errortype", self.error_type)] if self.error_type else headers


def dynamodb_error(code: str, status: int = 400, **fields: object) -> ErrorResponse:
    """Return an error of DynamoDB."""
    namespace = _COMMON if code == "ThrottlingException" else _DYNAMODB
    body = json.dumps({"__type": namespace + code, "message": "injected", **fields}).encode()
    return ErrorResponse(status, body, _JSON_TYPE)


def transaction_conflict(operation: str, item_count: int) -> ErrorResponse:
    """Return the conflict of a transaction with another write: of a transaction, or of a write of one item."""
    if operation != "TransactWriteItems":
        return dynamodb_error("TransactionConflictException")
    reasons = [{"Code": "TransactionConflict", "Message": "injected"}] + [{"Code": "None"}] * (item_count - 1)
    return dynamodb_error("TransactionCanceledException", CancellationReasons=reasons)


def s3_error(code: str, status: int, *, has_body: bool) -> ErrorResponse:
    """Return an error of S3; a response to HEAD has no body."""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(code)}</Code><Message>injected</Message></Error>'
    )
    return ErrorResponse(status, text.encode() if has_body else b"", b"application/xml")


def json_error(code: str, status: int = 400) -> ErrorResponse:
    """Return an error of Step Functions."""
    return ErrorResponse(status, json.dumps({"__type": code, "message": "injected"}).encode(), _JSON_TYPE)


def rest_error(code: str, status: int) -> ErrorResponse:
    """Return an error of Lambda or of the management API of WebSockets."""
    body = json.dumps({"message": "injected"}).encode()
    return ErrorResponse(status, body, b"application/json", code.encode())


def query_error(code: str, status: int = 400) -> ErrorResponse:
    """Return an error of STS."""
    error = f"<Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>injected</Message></Error>"
    text = f"<ErrorResponse>{error}<RequestId>injected</RequestId></ErrorResponse>"
    return ErrorResponse(status, text.encode(), b"text/xml")
