"""The observer between the emulator and its HTTP server records requests of clients."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from localcloud.observer import observed

SECRET = "vbnq3XkDYhV0sJ8xQ2mTz5cWf7oLr1uG4iPaE6yBnKs"
API = "/_aws/execute-api/0ac7dc46/v1"


def noted(scope: dict[str, Any], received: list[dict[str, Any]], sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of an application that receives `received`, then sends `sent`; both pass unchanged."""
    notes: list[dict[str, Any]] = []
    heard: list[Any] = []
    said: list[Any] = []
    incoming = iter(received)

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        for _ in received:
            heard.append(await receive())
        for message in sent:
            await send(message)

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        said.append(message)

    async def through(whole: Any) -> None:
        await whole(scope, receive, send)

    asyncio.run(through(observed(app, notes.append)))
    assert (heard, said) == (received, sent)
    assert SECRET not in json.dumps(notes)
    return [{key: value for key, value in note.items() if key != "ms"} for note in notes]


def http(path: str, query: str = "", method: str = "GET") -> dict[str, Any]:
    return {"type": "http", "path": path, "query_string": query.encode(), "method": method, "headers": []}


ANSWER: list[dict[str, Any]] = [
    {"type": "http.response.start", "status": 202},
    {"type": "http.response.body", "body": b"12345", "more_body": True},
    {"type": "http.response.body", "body": b"678"},
]


def test_a_rest_call_is_noted_without_its_query() -> None:
    notes = noted(http(f"{API}/downloads", f"ticket={SECRET}", "POST"), [], ANSWER)
    assert notes == [{"kind": "rest", "method": "POST", "path": "/downloads", "status": 202, "bytes": 8}]


def test_a_signed_download_is_noted_without_its_signature() -> None:
    notes = noted(http("/bucket/downloads/1", f"X-Amz-Signature={SECRET}"), [], ANSWER)
    assert notes == [{"kind": "s3", "method": "GET", "path": "/bucket/downloads/1", "status": 202, "bytes": 8}]


@pytest.mark.parametrize(
    "scope", [http("/"), http("/bucket/key"), http("/_ministack/health"), http(f"{API}/@connections/abc", "", "POST")]
)
def test_what_the_stack_itself_does_is_not_noted(scope: dict[str, Any]) -> None:
    assert noted(scope, [], ANSWER) == []


def test_a_message_of_deep_nesting_reaches_the_application() -> None:
    received = [{"type": "websocket.receive", "text": "[" * 100_000}]
    notes = noted({"type": "websocket", "path": API, "query_string": b""}, received, [])
    assert [(note["what"], note.get("message")) for note in notes] == [("received", "?")]


def test_a_socket_is_noted_from_opening_to_closing() -> None:
    received: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": json.dumps({"action": "refresh", "ticket": SECRET})},
        {"type": "websocket.receive", "text": SECRET},
        {"type": "websocket.receive", "bytes": json.dumps({"action": f"no {SECRET}"}).encode()},
    ]
    sent: list[dict[str, Any]] = [
        {"type": "websocket.accept"},
        {"type": "websocket.send", "text": json.dumps({"type": "ready", "url": f"http://b?X-Amz-Signature={SECRET}"})},
        {"type": "websocket.close", "code": 1000},
        {"type": "websocket.close", "code": 1000},
    ]
    notes = noted({"type": "websocket", "path": API, "query_string": f"ticket={SECRET}".encode()}, received, sent)
    assert [(note["what"], note.get("message")) for note in notes] == [
        ("received", "refresh"),
        ("received", "?"),
        ("received", "?"),
        ("opened", None),
        ("sent", "ready"),
        ("closed by the server", None),
    ]


@pytest.mark.parametrize(
    "refusal", [{"type": "websocket.close"}, {"type": "websocket.http.response.start", "status": 403}]
)
def test_a_refused_socket_is_noted(refusal: dict[str, Any]) -> None:
    notes = noted({"type": "websocket", "path": API}, [{"type": "websocket.connect"}], [refusal])
    assert notes == [{"kind": "socket", "socket": 1, "what": "refused", "status": 403}]
