"""Faults of requests that functions send to AWS, and of GETs of pre-signed URLs, as an ASGI application in front."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from typing import Any

from integration_tests.load import schedule
from integration_tests.load.error_responses import (
    ErrorResponse,
    dynamodb_error,
    json_error,
    query_error,
    rest_error,
    s3_error,
    transaction_conflict,
)
from integration_tests.load.injector import Injector, find_download

Message = MutableMapping[str, Any]
App = Callable[[Message, Any, Any], Coroutine[Any, Any, None]]

_CREDENTIAL = re.compile(rb"Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")
_SESSION_KEY = b"ASIA"  # functions sign with the session of their role
_S3 = (schedule.STORE_THROTTLED, schedule.STORE_ERROR, schedule.STORE_RESPONSE_LOST, schedule.STORE_BODY_CUT)
_TABLE = (schedule.TABLE_THROTTLED, schedule.TABLE_ERROR, schedule.TABLE_RESPONSE_LOST)
_WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem")
_AFTER = (schedule.TABLE_RESPONSE_LOST, schedule.STORE_RESPONSE_LOST, schedule.START_RESPONSE_LOST)
_MAX_TEXT = 256 * 1024


@dataclass(frozen=True)
class _Call:
    """A request to AWS: its service, operation or method, the faults that it can meet, and its download's id."""

    service: str
    operation: str
    kinds: tuple[str, ...]
    text: str = ""

    @property
    def download(self) -> str | None:
        return find_download(self.text)


def with_request_faults(app: App, injector: Injector) -> App:
    """Return the application with faults in front of it."""

    async def wrapped(scope: Message, receive: Any, send: Any) -> None:
        service = _service(scope) if scope["type"] == "http" else ""
        if not service:
            return await app(scope, receive, send)
        text = scope["path"]
        if service in ("dynamodb", "states"):
            receive, text = await _buffered(receive)
        call = _call(service, scope, text)
        fault = injector.draw(call.kinds)
        if fault is None:
            return await app(scope, receive, send)
        injector.record(fault, f"{call.service} {call.operation}", call.download)
        if fault == schedule.STORE_BODY_CUT:
            return await (_cut_body(app, scope, receive, send) if call.operation == "GET" else _hang_up(receive, send))
        if fault in _AFTER:
            await app(scope, receive, _discard)
        else:
            await _read(receive)
        return await _send(send, _response(fault, call))

    return wrapped


def _service(scope: Message) -> str:
    """Return the service of a request that a function sends or has pre-signed; empty for other requests."""
    headers = dict(scope.get("headers", ()))
    signed = _CREDENTIAL.search(headers.get(b"authorization", b""))
    if signed:
        return signed["service"].decode() if signed["key"].startswith(_SESSION_KEY) else ""
    return "s3" if b"X-Amz-Signature=" in scope.get("query_string", b"") else ""


def _call(service: str, scope: Message, text: str) -> _Call:
    method, headers = scope["method"], dict(scope.get("headers", ()))
    operation = headers.get(b"x-amz-target", b"").decode().rpartition(".")[2] or method
    if service == "s3":
        return _Call(service, method, _S3, text)
    if service == "dynamodb":
        return _Call(service, operation, (schedule.TABLE_CONFLICT,) * (operation in _WRITES) + _TABLE, text)
    if service == "states" and operation == "StartExecution":
        return _Call(service, operation, (schedule.START_THROTTLED, schedule.START_RESPONSE_LOST), text)
    kinds = {
        "lambda": (schedule.INVOKE_THROTTLED,),
        "execute-api": (schedule.PUSH_THROTTLED, schedule.PUSH_ERROR),
        "sts": (schedule.ROLE_THROTTLED,),
    }
    return _Call(service, operation, kinds.get(service, ()), text)


def _response(fault: str, call: _Call) -> ErrorResponse:
    """Return what the service answers. A lost response reaches the caller as an error of the server."""
    has_body = call.operation != "HEAD"
    if fault == schedule.TABLE_CONFLICT:
        items = json.loads(call.text).get("TransactItems", [{}])
        return transaction_conflict(call.operation, len(items))
    responses: dict[str, Callable[[], ErrorResponse]] = {
        schedule.TABLE_THROTTLED: lambda: dynamodb_error("ProvisionedThroughputExceededException"),
        schedule.TABLE_ERROR: lambda: dynamodb_error("InternalServerError", 500),
        schedule.TABLE_RESPONSE_LOST: lambda: dynamodb_error("InternalServerError", 500),
        schedule.STORE_THROTTLED: lambda: s3_error("SlowDown", 503, has_body=has_body),
        schedule.STORE_ERROR: lambda: s3_error("InternalError", 500, has_body=has_body),
        schedule.STORE_RESPONSE_LOST: lambda: s3_error("InternalError", 500, has_body=has_body),
        schedule.PUSH_THROTTLED: lambda: rest_error("LimitExceededException", 429),
        schedule.PUSH_ERROR: lambda: rest_error("InternalServerErrorException", 500),
        schedule.START_THROTTLED: lambda: json_error("ThrottlingException"),
        schedule.START_RESPONSE_LOST: lambda: json_error("InternalServerError", 500),
        schedule.INVOKE_THROTTLED: lambda: rest_error("TooManyRequestsException", 429),
        schedule.ROLE_THROTTLED: lambda: query_error("Throttling"),
    }
    return responses[fault]()


async def _buffered(receive: Any) -> tuple[Any, str]:
    """Read a small body; return a function that replays it, and its text."""
    messages, is_complete = [], False
    while not is_complete:
        message = await receive()
        messages.append(message)
        is_complete = message["type"] != "http.request" or not message.get("more_body", False)
    replay = iter(messages)

    async def receive_again() -> Message:
        message: Message | None = next(replay, None)
        return message if message is not None else await receive()

    body = b"".join(message.get("body", b"") for message in messages)
    return receive_again, body[:_MAX_TEXT].decode("utf-8", "replace")


async def _read(receive: Any) -> None:
    """Read the body of a request to its end."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
        pass


async def _discard(_message: Message) -> None:
    """Take the application's response in place of the caller."""


async def _send(send: Any, response: ErrorResponse) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


async def _hang_up(receive: Any, send: Any) -> None:
    """Read a request, and close the connection behind the head of a response that announces a body."""
    await _read(receive)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
    await send({"type": "http.response.body", "body": b"", "more_body": True})


async def _cut_body(app: App, scope: Message, receive: Any, send: Any) -> None:
    """Send half of the response's body, and close the connection."""
    is_cut = False

    async def send_half(message: Message) -> None:
        nonlocal is_cut
        if message["type"] != "http.response.body":
            await send(message)
        elif not is_cut:
            is_cut = True
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})

    await app(scope, receive, send_half)
