"""Records clients' requests to MiniStack, one JSON object a line, without query strings, headers and bodies.

`install` puts it between the emulator and its HTTP server (ASGI), so that it sees REST calls, WebSocket messages and
downloads of objects, which the emulator's own log does not show.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Record = Callable[[dict[str, Any]], None]

_API = re.compile(r"/_aws/execute-api/[^/]+/[^/]+(?P<path>/.*)?")
_WORD = re.compile(r"[A-Za-z][\w-]{0,31}")


def observed(app: App, record: Record) -> App:
    """Return the application with a record of its requests."""
    numbers = count(1)

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        api = _API.fullmatch(scope.get("path", ""))
        signed = b"X-Amz-Signature=" in scope.get("query_string", b"")
        if scope["type"] == "websocket" and api:
            await _socket(app, scope, receive, send, record, next(numbers))
        elif scope["type"] == "http" and api and "/@connections/" not in scope["path"]:
            await _call(app, scope, receive, send, record, "rest", api["path"] or "/")
        elif scope["type"] == "http" and signed and not api:
            await _call(app, scope, receive, send, record, "s3", scope["path"])
        else:
            await app(scope, receive, send)

    return wrapped


async def _call(app: App, scope: Message, receive: Receive, send: Send, record: Record, kind: str, path: str) -> None:
    start, answer = time.monotonic(), {"status": 0, "bytes": 0}

    async def watched(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
        elif message["type"] == "http.response.body":
            answer["bytes"] += len(message.get("body", b""))
        await send(message)

    try:
        await app(scope, receive, watched)
    finally:
        took = round((time.monotonic() - start) * 1000)
        record({"kind": kind, "method": scope["method"], "path": path, **answer, "ms": took})


async def _socket(app: App, scope: Message, receive: Receive, send: Send, record: Record, number: int) -> None:
    start, state = time.monotonic(), "new"

    def record_socket(what: str, **more: object) -> None:
        record({"kind": "socket", "socket": number, "what": what, **more})

    async def heard() -> Message:
        nonlocal state
        message = await receive()
        if message["type"] == "websocket.receive":
            record_socket("received", message=_word(message, "action"))
        elif message["type"] == "websocket.disconnect" and state == "open":
            state = "closed"
            record_socket("closed by the client")
        return message

    async def said(message: Message) -> None:
        nonlocal state
        took = round((time.monotonic() - start) * 1000)
        if message["type"] == "websocket.accept":
            state = "open"
            record_socket("opened", ms=took)
        elif message["type"] == "websocket.send":
            record_socket("sent", message=_word(message, "type"))
        elif message["type"] in ("websocket.close", "websocket.http.response.start"):
            if state == "new":
                record_socket("refused", status=message.get("status", 403), ms=took)
            elif state == "open":
                record_socket("closed by the server")
            state = "closed"
        await send(message)

    await app(scope, heard, said)


def _word(message: Message, key: str) -> str:
    """Return one field of a message if it is a plain word; the other fields may hold secrets."""
    try:
        content = json.loads(message.get("text") or message.get("bytes") or "")
    except (ValueError, RecursionError):
        return "?"
    word = content.get(key) if isinstance(content, dict) else None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else "?"


def install(path: str) -> None:
    """Observe the emulator's application and append the records to the file."""
    from localcloud.ministack_names import replace_app

    file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: PTH123, SIM115 - a line is written as it comes, to the end

    def record(event: dict[str, Any]) -> None:
        file.write(json.dumps({"time": time.time(), **event}) + "\n")

    replace_app(lambda app: observed(app, record))
