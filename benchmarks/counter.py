"""Notes what functions ask of MiniStack's S3 and DynamoDB: one JSON object a line, without names or contents.

`install` takes the place of localcloud's observer. Functions sign with a role's session; what the owner of the machine
does is signed with the root key and not noted.
"""

import json
import re
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
App = Callable[[Message, Any, Any], Coroutine[Any, Any, None]]
Note = Callable[[dict[str, Any]], None]

_SIGNED = re.compile(rb"Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")
_UPLOADS = ("uploads", "partNumber", "uploadId")


def counted(app: App, note: Note) -> App:
    """The same application, which notes what it is asked by functions."""

    async def wrapped(scope: Message, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        signed = _SIGNED.search(headers.get(b"authorization", b""))
        if signed and signed["key"].startswith(b"ASIA"):
            if signed["service"] == b"s3":
                note({"service": "s3", "operation": _s3(scope)})
            elif signed["service"] == b"dynamodb":
                target = headers.get(b"x-amz-target", b"").decode()
                note({"service": "dynamodb", "operation": target.rpartition(".")[2]})
        await app(scope, receive, send)

    return wrapped


def _s3(scope: Message) -> str:
    """`PUT`, or `PUT partNumber` where a multipart upload is meant."""
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    return " ".join([scope["method"], *[name for name in _UPLOADS if name in query][:1]])


def install(path: str) -> None:
    """Have the emulator's application counted; each request is appended to the file."""
    from ministack import app as emulator

    file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: PTH123, SIM115 - a line is written as it comes, to the end
    emulator.app = counted(emulator.app, lambda event: print(json.dumps(event), file=file))
