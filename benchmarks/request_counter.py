"""Records the functions' requests to MiniStack's S3 and DynamoDB: one JSON object per line, without names or contents.

`install` replaces localcloud's observer. Functions sign with a role's session; requests that the user of the machine
signs with the root key are not recorded.
"""

import json
import re
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
App = Callable[[Message, Any, Any], Coroutine[Any, Any, None]]
Record = Callable[[dict[str, Any]], None]

_SIGNED = re.compile(rb"Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")
_UPLOADS = ("uploads", "partNumber", "uploadId")


def record_requests(app: App, record: Record) -> App:
    """Return the application, wrapped to record the requests of functions."""

    async def wrapped(scope: Message, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        signed = _SIGNED.search(headers.get(b"authorization", b""))
        if signed and signed["key"].startswith(b"ASIA"):
            if signed["service"] == b"s3":
                record({"service": "s3", "operation": _s3(scope)})
            elif signed["service"] == b"dynamodb":
                target = headers.get(b"x-amz-target", b"").decode()
                record({"service": "dynamodb", "operation": target.rpartition(".")[2]})
        await app(scope, receive, send)

    return wrapped


def _s3(scope: Message) -> str:
    """Return the method, with `uploads`, `partNumber` or `uploadId` for requests of multipart uploads."""
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    return " ".join([scope["method"], *[name for name in _UPLOADS if name in query][:1]])


def install(path: str) -> None:
    """Wrap the emulator's application to append each request to a file."""
    from ministack import app as emulator

    file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: PTH123, SIM115 - open until the process ends
    emulator.app = record_requests(emulator.app, lambda event: print(json.dumps(event), file=file))
