"""Messages of clients over the socket, and the answers."""

from __future__ import annotations

import pytest

from integration_tests.support.sockets import NESTED_BRACKETS
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin

SLOW = "first_byte=3"


def test_ping_is_answered(stack: Stack) -> None:
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as socket:
        assert socket.ask("ping", "pong")["downloadId"] == download.id


def test_status_returns_the_state_of_the_copy(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW))
    with stack.client.connect(download) as socket:
        assert socket.ask("status", "status")["status"] in ("PENDING", "COPYING")
        ready = socket.receive("ready")
        again = socket.ask("status", "ready", "status")
    assert (again["type"], again["messageId"]) == ("ready", ready["messageId"])


def test_refresh_returns_a_working_url(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        fresh = socket.ask("refresh", "ready")
    assert stack.client.fetch(fresh["url"]).sha256 == Origin.content_sha256(1_000_000)


def test_cancel_ends_the_download_as_cancelled(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", "first_byte=10"))
    with stack.client.connect(download) as socket:
        socket.ask("cancel", "cancelled")
    assert stack.operator.download_item(download)["status"] == "CANCELLED"


@pytest.mark.parametrize("route", ["$connect", "$disconnect"])
def test_a_message_named_like_a_gateway_route_changes_nothing(stack: Stack, route: str) -> None:
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        socket.send(f'{{"action": "{route}"}}')
        assert socket.ask("ping", "pong")["downloadId"] == download.id
        assert stack.operator.download_item(download)["connectionIds"]


def test_cancel_after_the_end_is_an_error(stack: Stack) -> None:
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        assert socket.ask("cancel", "error", "cancelled")["error"]["code"] == "DOWNLOAD_FINISHED"
    assert stack.client.status(download).body["status"] == "READY"


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "dance"}',
        '{"action": 7}',
        '{"action": null}',
        '{"deed": "status"}',
        "[]",
        '"status"',
        "status",
        "{",
        "",
        "\u0000",
        "[" * NESTED_BRACKETS,
        '{"action": "' + "x" * 5000 + '"}',
        '{"action": {"action": "ping"}}',
        '{"action": "ping"} {"action": "ping"}',
        '{"action": 1e999999}',
        '{"a":' * NESTED_BRACKETS + "1" + "}" * NESTED_BRACKETS,
        '{"action": "ping", "x": "' + "x" * 31_000 + '"}',
        '{"action": ["ping"], "x": [' + "[]," * 43_000 + "0]}",
        "x" * 131_072,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_an_invalid_message_gets_an_error_and_the_connection_stays(stack: Stack, text: str) -> None:
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        socket.send(text)
        error = socket.receive("error", deadline=5)["error"]
        assert error["code"]
        assert error["message"]
        socket.ask("ping", "pong")
