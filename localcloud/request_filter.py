"""The filter as ASGI: stands between the emulator and its HTTP server, and answers 403 to what the rules refuse.

Bodies and WebSocket frames pass as they come. `request_rules` says what is refused, and why.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from localcloud.request_refusals import Answer, describe
from localcloud.request_rules import Decision, Request, check_request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_DISCARDED_BYTES = 1024 * 1024


def filtered(app: App, is_accepted: Callable[[str], bool], is_bucket: Callable[[str, str], bool]) -> App:
    """Return the same application behind the rules.

    Args:
        app: the emulator.
        is_accepted: whether an access key id is one of this run.
        is_bucket: whether host and path address a bucket that exists.
    """

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)  # start and stop of the server
            return
        request = _request(scope)
        decision = check_request(request, is_accepted, is_bucket)
        if decision.refusal is None:
            await app(scope, receive, send if decision.keeps_cors else _without_cors(send))
        elif request.websocket:
            await _refuse_handshake(scope, send, _answer(request, decision))
        else:
            await _refuse(request, receive, send, _answer(request, decision))

    return wrapped


def _request(scope: Message) -> Request:
    websocket = scope["type"] == "websocket"
    return Request(
        websocket=websocket,
        method="GET" if websocket else scope["method"],
        path=scope["path"],
        query=scope.get("query_string", b""),
        headers=scope["headers"],
        port=scope["server"][1],
    )


def _answer(request: Request, decision: Decision) -> Answer:
    assert decision.refusal is not None
    return describe(
        decision.refusal,
        service=decision.service,
        targets=request.values("x-amz-target"),
        content_types=request.values("content-type"),
    )


def _without_cors(send: Send) -> Send:
    """Drop CORS headers: the emulator would let every page read what AWS services answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", [])
            kept = [(name, value) for name, value in headers if not name.lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sending


async def _refuse(request: Request, receive: Receive, send: Send, answer: Answer) -> None:
    if not request.values("expect"):  # a client that waits for 100 Continue has not sent its body
        await _discard(receive)
    await send({"type": "http.response.start", "status": 403, "headers": answer.headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})


async def _discard(receive: Receive) -> None:
    """Read a small body to its end: a server that closes before that may take its answer from the client."""
    size, more = 0, True
    while more and size < _DISCARDED_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


async def _refuse_handshake(scope: Message, send: Send, answer: Answer) -> None:
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008})  # the server answers a WebSocket handshake with 403
        return
    await send({"type": "websocket.http.response.start", "status": 403, "headers": answer.headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})
