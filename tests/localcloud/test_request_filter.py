"""The filter as an ASGI application: 403 in the caller's protocol, other requests pass unchanged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.session import get_session

from localcloud.request_filter import filtered
from localcloud.request_refusals import REFUSALS, UNKNOWN_ACCESS_KEY, Refusal, describe
from tests.localcloud.forged_requests import API, BUCKET, FUNCTIONS, ISSUED, PORT, ROOT, header, query

pytestmark = pytest.mark.security

WILDCARD = (b"access-control-allow-origin", b"*")
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [WILDCARD, (b"etag", b"1")]}
END: dict[str, Any] = {"type": "http.response.body", "body": b"x"}


def scope(path: str, kind: str = "http", query: str = "", **headers: str) -> dict[str, Any]:
    sent = {"host": f"localhost:{PORT}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": kind,
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "server": ("127.0.0.1", PORT),
        "extensions": {"websocket.http.response": {}},
    }


class Exchange:
    """Send one request through the filter; `received` reached the emulator, `answered` the client."""

    def __init__(
        self, request_scope: dict[str, Any], incoming: Iterable[dict[str, Any]] = (), answer: Any = (START, END)
    ):
        self.received: list[Any] = []
        self.answered: list[Any] = []
        self.reached = False
        self.left = list(incoming)
        asyncio.run(self._run(request_scope, answer))

    async def _run(self, request_scope: dict[str, Any], answer: Any) -> None:
        async def app(_scope: Any, receive: Any, send: Any) -> None:
            self.reached = True
            while self.left:
                self.received.append(await receive())
            for message in answer:
                await send(message)

        async def receive() -> Any:
            return self.left.pop(0)

        async def send(message: Any) -> None:
            self.answered.append(message)

        passing = filtered(app, {ROOT, ISSUED}.__contains__, lambda _host, path: path.startswith(f"/{BUCKET}/"))
        await passing(request_scope, receive, send)


def body_of(*parts: bytes) -> list[dict[str, Any]]:
    last = len(parts) - 1
    return [{"type": "http.request", "body": part, "more_body": at < last} for at, part in enumerate(parts)]


def test_what_is_allowed_passes_as_it_comes() -> None:
    incoming = body_of(b"a" * 70_000, b"b", b"")
    exchange = Exchange(scope(FUNCTIONS, authorization=header()), incoming)
    assert exchange.received == incoming
    assert exchange.answered == [{**START, "headers": [(b"etag", b"1")]}, END]


def test_frames_and_an_apis_cors_headers_pass_untouched() -> None:
    frames = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "x"}]
    sent = [{"type": "websocket.accept"}, {"type": "websocket.send", "text": "y"}]
    exchange = Exchange(scope(API, "websocket", origin="https://app.example"), frames, sent)
    assert (exchange.received, exchange.answered) == (frames, sent)
    assert Exchange(scope(API, origin="https://app.example"), body_of(b"")).answered == [START, END]
    signed = scope(f"/{BUCKET}/key", "http", query(ISSUED, "s3"), origin="https://app.example") | {"method": "GET"}
    assert Exchange(signed).answered == [START, END]


def test_the_servers_start_and_stop_pass() -> None:
    assert Exchange({"type": "lifespan"}).reached


@pytest.mark.parametrize("request_scope", [scope(FUNCTIONS), scope("/_ministack/reset"), scope(API, host="a.example")])
def test_what_is_refused_does_not_reach_the_emulator(request_scope: dict[str, Any]) -> None:
    exchange = Exchange(request_scope, body_of(b"a", b"b"))
    assert not exchange.reached
    start, body = exchange.answered
    headers = dict(start["headers"])
    assert start["status"] == 403
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    assert json.loads(body["body"])["__type"] == headers[b"x-amzn-errortype"].decode()
    assert WILDCARD not in start["headers"]
    assert exchange.left == [], "a small body is read, so that the client reads the answer"


def test_a_large_or_held_body_is_not_read_to_its_end() -> None:
    parts = body_of(*[b"a" * (1 << 19)] * 8)
    assert len(Exchange(scope(FUNCTIONS), parts).left) == 6
    assert len(Exchange(scope(FUNCTIONS, expect="100-continue"), parts).left) == 8


def test_the_answer_to_head_has_no_body() -> None:
    exchange = Exchange(scope(FUNCTIONS) | {"method": "HEAD"}, body_of(b""))
    assert exchange.answered[1]["body"] == b""


def test_a_handshake_is_refused_with_403() -> None:
    start, body = Exchange(scope(API, "websocket", host="attacker.example")).answered
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert json.loads(body["body"])["code"] == "ForeignHost"
    plain = scope(API, "websocket", host="attacker.example") | {"extensions": {}}
    assert Exchange(plain).answered == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
@pytest.mark.parametrize(
    ("service", "operation", "target", "content_type"),
    [
        ("s3", "ListBuckets", [], []),
        ("lambda", "ListFunctions", [], ["application/json"]),
        ("apigateway", "GetRestApis", [], []),
        ("dynamodb", "ListTables", ["DynamoDB_20120810.ListTables"], ["application/x-amz-json-1.0"]),
        ("sts", "GetCallerIdentity", [], ["application/x-www-form-urlencoded; charset=utf-8"]),
        ("iam", "ListUsers", [], ["application/x-www-form-urlencoded"]),
        ("sqs", "ListQueues", ["AmazonSQS.ListQueues"], ["application/x-amz-json-1.0"]),
    ],
)
def test_botocore_reads_the_code(
    refusal: Refusal, service: str, operation: str, target: list[str], content_type: list[str]
) -> None:
    model = get_session().get_service_model(service)
    answer = describe(refusal, service=service, targets=target, content_types=content_type)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    raw = {"status_code": 403, "headers": headers, "body": answer.body}
    shape = model.operation_model(operation).output_shape
    error = create_parser(model.resolved_protocol).parse(raw, shape)["Error"]
    assert error == {"Code": refusal.code, "Message": refusal.message} | {
        name: value for name, value in error.items() if name not in ("Code", "Message")
    }


def test_a_refusal_says_what_to_do() -> None:
    assert "python -m localcloud env" in UNKNOWN_ACCESS_KEY.message
    assert len({refusal.code for refusal in REFUSALS}) == len(REFUSALS)
