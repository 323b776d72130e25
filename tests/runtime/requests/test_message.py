"""Every message of a client over its WebSocket gets an answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import NewerItemError, ServiceError
from runtime.models import Failure, Status
from tests.runtime.ending.test_deliver import open_connections, revoke_tickets
from tests.runtime.support.fakes.hooks import fail_at
from tests.runtime.support.world import ARN, DOWNLOAD_ID, World


def send(world: World, body: str) -> dict[str, Any]:
    """Send a message and return the only answer."""
    count = len(world.sockets.received["c1"])
    world.client_message.run("c1", body, "m1")
    answers = world.sockets.received["c1"][count:]
    assert len(answers) == 1
    answer: dict[str, Any] = json.loads(answers[0])
    assert {"type", "version", "messageId", "downloadId"} <= set(answer)
    return answer


def action(name: str) -> str:
    """Return a message with this action."""
    return json.dumps({"action": name})


def test_ping_is_answered_with_pong_and_its_id(world: World) -> None:
    world.put_download()
    open_connections(world, "c1")
    answer = send(world, action("ping"))
    assert (answer["type"], answer["messageId"]) == ("pong", f"{DOWNLOAD_ID}-pong-m1")


@pytest.mark.parametrize("name", ["status", "refresh"])
@pytest.mark.parametrize(
    ("status", "message_type"),
    [
        (Status.PENDING, "status"),
        (Status.COPYING, "status"),
        (Status.READY, "ready"),
        (Status.FAILED, "failed"),
        (Status.CANCELLED, "cancelled"),
    ],
)
def test_status_and_refresh_return_the_status_of_the_row(
    world: World, name: str, status: Status, message_type: str
) -> None:
    world.put_download(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    open_connections(world, "c1")
    answer = send(world, action(name))
    assert answer["type"] == message_type
    assert ("url" in answer) == (status is Status.READY)


def test_status_finds_a_dead_execution(world: World) -> None:
    world.put_download()
    open_connections(world, "c1")
    world.clock.time += 61
    assert send(world, action("status"))["type"] == "failed"


@pytest.mark.parametrize("name", ["status", "refresh", "cancel", "ping"])
def test_connection_of_a_revoked_ticket_is_refused_every_action(world: World, name: str) -> None:
    """Another ticket does not open the old socket again."""
    world.put_download(status=Status.COPYING)
    open_connections(world, "c1")
    revoke_tickets(world)
    world.downloads.rows[ARN] = replace(world.row, ticket_hashes=("f" * 64,))
    answer = send(world, action(name))
    assert (answer["type"], answer["error"]["code"]) == ("error", "DOWNLOAD_NOT_FOUND")
    assert world.row.status is Status.COPYING


def test_cancel_changes_the_row_and_stops_the_execution(world: World) -> None:
    world.put_download()
    open_connections(world, "c1")
    assert send(world, action("cancel"))["type"] == "cancelled"
    assert world.row.status is Status.CANCELLED
    assert world.executions.stopped == [ARN]


def test_cancel_of_a_finished_download_is_an_error(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    answer = send(world, action("cancel"))
    assert (answer["type"], answer["error"]["code"]) == ("error", "DOWNLOAD_FINISHED")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (action("dance"), "UNKNOWN_ACTION"),
        (action("STATUS"), "UNKNOWN_ACTION"),
        ("", "INVALID_REQUEST"),
        ("hello", "INVALID_REQUEST"),
        ("{", "INVALID_REQUEST"),
        ("[]", "INVALID_REQUEST"),
        ("null", "INVALID_REQUEST"),
        ("{}", "INVALID_REQUEST"),
        ('{"action": 1}', "INVALID_REQUEST"),
        ('{"action": ["status"]}', "INVALID_REQUEST"),
        ("[" * 4000, "INVALID_REQUEST"),
        ('{"action": "status", "x": "' + "x" * 5000 + '"}', "INVALID_REQUEST"),
        ('{"action": "' + "x" * 4000 + '"}', "UNKNOWN_ACTION"),
        ('{"action": {"action": "status"}}', "INVALID_REQUEST"),
        ('{"action": true}', "INVALID_REQUEST"),
        ('{"action": ""}', "UNKNOWN_ACTION"),
        ('{"action": "status\\u0000"}', "UNKNOWN_ACTION"),
        ('{"action": "\\ud800"}', "UNKNOWN_ACTION"),
        ('{"Action": "status"}', "INVALID_REQUEST"),
        ('{"action": "status"} {"action": "status"}', "INVALID_REQUEST"),
        ('{"action": 1e999999}', "INVALID_REQUEST"),
        ('{"action": ' + "9" * 4000 + "}", "INVALID_REQUEST"),
        ('{"a":' * 600 + "1" + "}" * 600, "INVALID_REQUEST"),
        ("[" * 131_072, "INVALID_REQUEST"),
        ("x" * 131_072, "INVALID_REQUEST"),
        ("\ufeff" + '{"action": "status"}', "INVALID_REQUEST"),
        ("eyJhY3Rpb24iOiAic3RhdHVzIn0=", "INVALID_REQUEST"),  # how API Gateway passes on a binary frame
        ("status", "INVALID_REQUEST"),
        ('"status"', "INVALID_REQUEST"),
        ("NaN", "INVALID_REQUEST"),
        ("0", "INVALID_REQUEST"),
        ("\x00", "INVALID_REQUEST"),
    ],
)
def test_invalid_message_gets_a_typed_error(world: World, body: str, code: str) -> None:
    world.put_download()
    open_connections(world, "c1")
    answer = send(world, body)
    assert (answer["type"], answer["error"]["code"]) == ("error", code)
    assert "status" in answer["error"]["message"]
    assert "c1" in world.connections.rows


@settings(max_examples=25)
@given(
    st.text(max_size=100) | st.recursive(st.none() | st.text(), lambda c: st.dictionaries(st.text(), c)).map(json.dumps)
)
def test_arbitrary_message_is_answered(body: str) -> None:
    world = World()
    world.put_download()
    open_connections(world, "c1")
    assert send(world, body)["type"] == "error"


def test_connection_of_a_missing_download_gets_not_found(world: World) -> None:
    world.put_download(expires_at=1)
    open_connections(world, "c1")
    assert send(world, action("status"))["error"]["code"] == "DOWNLOAD_NOT_FOUND"
    world.put_download()
    open_connections(world, "c1", expires_in=-1)
    assert send(world, action("status"))["error"]["code"] == "DOWNLOAD_NOT_FOUND"
    del world.connections.rows["c1"]
    assert send(world, action("status"))["error"]["code"] == "DOWNLOAD_NOT_FOUND"


def test_service_error_is_answered_without_internals(world: World) -> None:
    world.put_download()
    open_connections(world, "c1")

    world.downloads.before_call = fail_at("downloads.cancel", ServiceError("UpdateItem", "AccessDeniedException"))
    answer = send(world, action("cancel"))
    assert answer["error"]["code"] == "INTERNAL"
    assert "AccessDenied" not in json.dumps(answer)


def test_unreadable_table_is_answered_with_unavailable(world: World) -> None:
    world.put_download()
    open_connections(world, "c1")

    world.connections.before_call = fail_at("connections.get", ServiceError("GetItem", "ThrottlingException"))
    assert send(world, action("status"))["error"]["code"] == "UNAVAILABLE"
    assert "c1" in world.connections.rows


def test_item_of_a_later_release_is_answered_with_unavailable(world: World) -> None:
    world.put_download()
    open_connections(world, "c1")

    world.downloads.before_call = fail_at("downloads.get", NewerItemError(2, 1))
    assert send(world, action("status"))["error"]["code"] == "UNAVAILABLE"


def test_answer_to_a_client_that_is_gone_is_no_error(world: World) -> None:
    """`$disconnect` removes the rows."""
    world.put_download()
    open_connections(world, "c1")
    world.sockets.drop("c1")
    world.client_message.run("c1", action("ping"), "m1")
    assert "c1" in world.connections.rows


def test_cancel_of_a_cancelled_download_is_answered_alike(world: World) -> None:
    world.put_download()
    open_connections(world, "c1")
    world.downloads.rows[ARN] = replace(world.row, status=Status.CANCELLED)
    assert send(world, action("cancel"))["type"] == "cancelled"
