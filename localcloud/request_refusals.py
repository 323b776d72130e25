"""Answers of the filter in front of the emulator to refused requests: 403 with a code, in a form that SDKs read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Refusal:
    """The reason for which a request is refused, and what to do."""

    code: str
    message: str


_KEYS: Final = 'Set those of this run: eval "$(.venv/bin/python -m localcloud env)".'
FOREIGN_HOST: Final = Refusal(
    "ForeignHost", "The Host header is not localhost, a name under it or a loopback address, with the emulator's port."
)
FOREIGN_PAGE: Final = Refusal(
    "ForeignPage",
    "A web page sent this. Pages may call the stack's APIs and fetch pre-signed S3 URLs; "
    "send everything else from a program.",
)
CONTROL_ENDPOINT: Final = Refusal(
    "ControlEndpointClosed",
    "The emulator's own endpoints are closed except for its health. Stop it and start it again to reset it.",
)
NO_WEBSOCKET_API: Final = Refusal(
    "NoWebSocketApi", "WebSocket APIs are reached at /_aws/execute-api/{api id}/{stage} only."
)
CREDENTIALS_MISSING: Final = Refusal("CredentialsMissing", f"The request is not signed. {_KEYS}")
CREDENTIALS_UNREADABLE: Final = Refusal(
    "CredentialsUnreadable",
    "Sign once: with Signature Version 4 in the Authorization header, or by a pre-signed URL without that header.",
)
UNKNOWN_ACCESS_KEY: Final = Refusal(
    "UnknownAccessKey", f"Neither this run, nor its IAM or STS, issued this access key id. {_KEYS}"
)
REFUSALS: Final = (
    FOREIGN_HOST,
    FOREIGN_PAGE,
    CONTROL_ENDPOINT,
    NO_WEBSOCKET_API,
    CREDENTIALS_MISSING,
    CREDENTIALS_UNREADABLE,
    UNKNOWN_ACCESS_KEY,
)


@dataclass(frozen=True)
class Answer:
    """Headers and body of a refusal."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


def describe(refusal: Refusal, *, service: str, targets: Sequence[str], content_types: Sequence[str]) -> Answer:
    """Describe a refusal in the protocol of the request.

    Args:
        refusal: why.
        service: the service that the request was signed for.
        targets: its X-Amz-Target headers; the JSON protocols have one.
        content_types: its Content-Type headers; the query protocols send forms.
    """
    code, message = refusal.code, escape(refusal.message)
    if any(kind.startswith("application/x-www-form-urlencoded") for kind in content_types) and not targets:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return _answer("text/xml", f"<ErrorResponse>{error}<RequestId>filter</RequestId></ErrorResponse>", code)
    if service == "s3":
        return _answer("application/xml", f"<Error><Code>{code}</Code><Message>{message}</Message></Error>", code)
    content = {"__type": code, "code": code, "message": refusal.message}
    return _answer("application/json", json.dumps(content), code)


def _answer(content_type: str, text: str, code: str) -> Answer:
    body = text.encode()
    headers = {
        "content-type": content_type,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-amzn-errortype": code,
    }
    return Answer([(name.encode(), value.encode()) for name, value in headers.items()], body)
