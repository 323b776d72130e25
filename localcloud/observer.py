"""Notes what clients do with MiniStack: one JSON object a line, without a query string, a header or a body.

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
Note = Callable[[dict[str, Any]], None]

_API = re.compile(r"/_aws/execute-api/[^/]+/[^/]+(?P<path>/.*)?")
_WORD = re.compile(r"[A-Za-z][\w-]{0,31}")


def observed(app: App, note: Note) -> App:
    """The same application, which notes what it is asked."""
    numbers = count(1)

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        api = _API.fullmatch(scope.get("path", ""))
        signed = b"X-Amz-Signature=" in scope.get("query_string", b"")
        if scope["type"] == "websocket" and api:
            await _socket(app, scope, receive, send, note, next(numbers))
        elif scope["type"] == "http" and api and "/@connections/" not in scope["path"]:
            await _call(app, scope, receive, send, note, "rest", api["path"] or "/")
        elif scope["type"] == "http" and signed and not api:
            await _call(app, scope, receive, send, note, "s3", scope["path"])
        else:
            await app(scope, receive, send)

    return wrapped


async def _call(app: App, scope: Message, receive: Receive, send: Send, note: Note, kind: str, path: str) -> None:
    start, seen = time.monotonic(), {"status": 0, "bytes": 0}

    async def watched(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen["status"] = message["status"]
        elif message["type"] == "http.response.body":
            seen["bytes"] += len(message.get("body", b""))
        await send(message)

    try:
        await app(scope, receive, watched)
    finally:
        took = round((time.monotonic() - start) * 1000)
        note({"kind": kind, "method": scope["method"], "path": path, **seen, "ms": took})


async def _socket(app: App, scope: Message, receive: Receive, send: Send, note: Note, number: int) -> None:
    start, state = time.monotonic(), "new"

    def tell(what: str, **more: object) -> None:
        note({"kind": "socket", "socket": number, "what": what, **more})

    async def heard() -> Message:
        nonlocal state
        message = await receive()
        if message["type"] == "websocket.receive":
            tell("received", message=_word(message, "action"))
        elif message["type"] == "websocket.disconnect" and state == "open":
            state = "closed"
            tell("closed by the client")
        return message

    async def said(message: Message) -> None:
        nonlocal state
        took = round((time.monotonic() - start) * 1000)
        if message["type"] == "websocket.accept":
            state = "open"
            tell("opened", ms=took)
        elif message["type"] == "websocket.send":
            tell("sent", message=_word(message, "type"))
        elif message["type"] in ("websocket.close", "websocket.http.response.start"):
            if state == "new":
                tell("refused", status=message.get("status", 403), ms=took)
            elif state == "open":
                tell("closed by the server")
            state = "closed"
        await send(message)

    await app(scope, heard, said)


def _word(message: Message, key: str) -> str:
    """One harmless word of a message; all the rest of it may hold a secret."""
    try:
        content = json.loads(message.get("text") or message.get("bytes") or "")
    except ValueError:
        return "?"
    word = content.get(key) if isinstance(content, dict) else None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else "?"


def install(path: str) -> None:
    """Have the emulator's application observed; what it notes is appended to the file."""
    from localcloud.ministack_names import replace_app

    file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: PTH123, SIM115 - a line is written as it comes, to the end

    def note(event: dict[str, Any]) -> None:
        file.write(json.dumps({"time": time.time(), **event}) + "\n")

    replace_app(lambda app: observed(app, note))
