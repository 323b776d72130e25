"""Which requests meet injected faults, and whether the emulator runs them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, cast

import pytest

from integration_tests.load import schedule
from integration_tests.load.injector import Injector, find_download
from integration_tests.load.request_faults import with_request_faults

DOWNLOAD = "0f5c2a9b7d3e4f60818293a4b5c6d7e8"
ARN = f"arn:aws:states:us-east-1:000000000000:execution:machine:{DOWNLOAD}"


class OneFault:
    """An injector that injects one kind, and records."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.records: list[tuple[str, str, str | None]] = []

    def draw(self, kinds: Iterable[str]) -> str | None:
        """Return the kind if the call can meet it."""
        return self.kind if self.kind in kinds else None

    def record(self, kind: str, target: str, download: str | None) -> None:
        """Record a fault."""
        self.records.append((kind, target, download))


def call(
    kind: str, service: str, operation: str = "", *, method: str = "POST", path: str = "/", body: bytes = b"{}"
) -> tuple[int, list[bytes], list[Any], OneFault]:
    """Send a request of a function; return status, bodies that came, requests that the emulator ran, the injector."""
    key = b"ASIAEXAMPLE" if service else b"LOCALROOT"
    credential = b"Credential=" + key + b"/20260101/us-east-1/" + (service or "s3").encode() + b"/aws4_request"
    headers = [(b"authorization", b"AWS4-HMAC-SHA256 " + credential), (b"x-amz-target", f"X.{operation}".encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    ran, sent = list[Any](), list[Any]()
    injector = OneFault(kind)

    async def emulator(_scope: Any, receive: Any, send: Any) -> None:
        ran.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"0123456789"})

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(with_request_faults(emulator, cast(Injector, injector))(scope, receive, send))
    return sent[0]["status"], [message.get("body", b"") for message in sent[1:]], ran, injector


def test_an_error_keeps_the_request_from_the_service() -> None:
    body = json.dumps({"Key": {"executionArn": {"S": ARN}}}).encode()
    status, bodies, ran, injector = call(schedule.TABLE_THROTTLED, "dynamodb", "UpdateItem", body=body)
    assert (status, ran) == (400, [])
    assert b"ProvisionedThroughputExceededException" in bodies[0]
    assert injector.records == [(schedule.TABLE_THROTTLED, "dynamodb UpdateItem", DOWNLOAD)]


@pytest.mark.parametrize(
    ("kind", "service", "operation", "status"),
    [
        (schedule.TABLE_RESPONSE_LOST, "dynamodb", "UpdateItem", 500),
        (schedule.STORE_RESPONSE_LOST, "s3", "", 500),
        (schedule.START_RESPONSE_LOST, "states", "StartExecution", 500),
    ],
)
def test_a_lost_response_belongs_to_a_request_that_took_effect(
    kind: str, service: str, operation: str, status: int
) -> None:
    answered, _, ran, _ = call(kind, service, operation)
    assert answered == status
    assert len(ran) == 1


def test_a_cut_body_is_shorter_than_the_response() -> None:
    _, bodies, ran, _ = call(schedule.STORE_BODY_CUT, "s3", method="GET", path=f"/bucket/downloads/{DOWNLOAD}")
    assert bodies == [b"01234"]
    assert len(ran) == 1


def test_requests_that_no_function_signed_meet_no_fault() -> None:
    status, _, ran, injector = call(schedule.STORE_THROTTLED, "")
    assert (status, len(ran), injector.records) == (200, 1, [])


@pytest.mark.parametrize("kind", [schedule.STORE_ERROR, schedule.PUSH_ERROR, schedule.START_THROTTLED])
def test_a_fault_of_one_service_does_not_hit_another(kind: str) -> None:
    assert call(kind, "dynamodb", "GetItem")[0] == 200


@pytest.mark.parametrize("text", [ARN, f"/bucket/downloads/{DOWNLOAD}", json.dumps({"ticket": f"{DOWNLOAD}.secret"})])
def test_the_download_of_a_call_is_found(text: str) -> None:
    assert find_download(text) == DOWNLOAD


def test_other_hashes_are_no_download() -> None:
    assert find_download(f'{{"ticketHash": "{"a" * 64}"}}') is None
