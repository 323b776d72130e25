"""What clients say over their socket is answered, whatever it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ServiceError
from runtime.models import Failure, Status
from tests.runtime.ending.test_deliver import connected, revoke
from tests.runtime.support.world import ARN, DOWNLOAD_ID, World


def say(world: World, body: str) -> dict[str, Any]:
    """Send a message and take the one answer."""
    before = len(world.sockets.received["c1"])
    world.message.run("c1", body, "m1")
    answers = world.sockets.received["c1"][before:]
    assert len(answers) == 1
    answer: dict[str, Any] = json.loads(answers[0])
    assert {"type", "version", "messageId", "downloadId"} <= set(answer)
    return answer


def action(name: str) -> str:
    """A message that names an action."""
    return json.dumps({"action": name})


def test_ping_pong(world: World) -> None:
    """With the id of what is answered."""
    world.has()
    connected(world, "c1")
    answer = say(world, action("ping"))
    assert (answer["type"], answer["messageId"]) == ("pong", f"{DOWNLOAD_ID}-pong-m1")


@pytest.mark.parametrize("name", ["status", "refresh"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.PENDING, "status"),
        (Status.COPYING, "status"),
        (Status.READY, "ready"),
        (Status.FAILED, "failed"),
        (Status.CANCELLED, "cancelled"),
    ],
)
def test_status_and_refresh_tell_what_the_row_says(world: World, name: str, status: Status, kind: str) -> None:
    """With a fresh URL when it is READY."""
    world.has(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    connected(world, "c1")
    answer = say(world, action(name))
    assert answer["type"] == kind
    assert ("url" in answer) == (status is Status.READY)


def test_status_finds_a_dead_execution(world: World) -> None:
    """No event is relied on alone."""
    world.has()
    connected(world, "c1")
    world.clock.time += 61
    assert say(world, action("status"))["type"] == "failed"


@pytest.mark.parametrize("name", ["status", "refresh", "cancel", "ping"])
def test_a_socket_whose_ticket_was_revoked_is_refused_every_action(world: World, name: str) -> None:
    """The socket is refused even after a further ticket was issued."""
    world.has(status=Status.COPYING)
    connected(world, "c1")
    revoke(world)
    world.downloads.rows[ARN] = replace(world.row, ticket_hashes=("f" * 64,))
    answer = say(world, action(name))
    assert (answer["type"], answer["error"]["code"]) == ("error", "DOWNLOAD_NOT_FOUND")
    assert world.row.status is Status.COPYING


def test_cancel_cancels_and_says_so(world: World) -> None:
    """The row is changed and the execution stopped."""
    world.has()
    connected(world, "c1")
    assert say(world, action("cancel"))["type"] == "cancelled"
    assert world.row.status is Status.CANCELLED
    assert world.executions.stopped == [ARN]


def test_cancelling_what_is_finished_is_an_error(world: World) -> None:
    """And changes nothing."""
    world.has(status=Status.READY)
    connected(world, "c1")
    answer = say(world, action("cancel"))
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
def test_what_is_not_understood_gets_a_typed_error_not_silence(world: World, body: str, code: str) -> None:
    """That says what would be."""
    world.has()
    connected(world, "c1")
    answer = say(world, body)
    assert (answer["type"], answer["error"]["code"]) == ("error", code)
    assert "status" in answer["error"]["message"]
    assert "c1" in world.connections.rows


@settings(max_examples=25)
@given(
    st.text(max_size=100) | st.recursive(st.none() | st.text(), lambda c: st.dictionaries(st.text(), c)).map(json.dumps)
)
def test_anything_is_answered(body: str) -> None:
    """With one message of the protocol."""
    world = World()
    world.has()
    connected(world, "c1")
    assert say(world, body)["type"] == "error"


def test_a_connection_whose_download_is_gone_is_told_so(world: World) -> None:
    """Expired, or never there."""
    world.has(expires_at=1)
    connected(world, "c1")
    assert say(world, action("status"))["error"]["code"] == "DOWNLOAD_NOT_FOUND"
    world.has()
    connected(world, "c1", expires_in=-1)
    assert say(world, action("status"))["error"]["code"] == "DOWNLOAD_NOT_FOUND"
    del world.connections.rows["c1"]
    assert say(world, action("status"))["error"]["code"] == "DOWNLOAD_NOT_FOUND"


def test_a_service_that_fails_is_an_error_without_its_internals(world: World) -> None:
    """The client may ask again."""
    world.has()
    connected(world, "c1")

    def fail(operation: str) -> None:
        if operation == "downloads.cancel":
            raise ServiceError("UpdateItem", "AccessDeniedException")

    world.downloads.before = fail
    answer = say(world, action("cancel"))
    assert answer["error"]["code"] == "INTERNAL"
    assert "AccessDenied" not in json.dumps(answer)


def test_a_table_that_cannot_be_read_is_an_error_too(world: World) -> None:
    """Rather than silence, and the connection stays."""
    world.has()
    connected(world, "c1")

    def fail(operation: str) -> None:
        if operation == "connections.get":
            raise ServiceError("GetItem", "ThrottlingException")

    world.connections.before = fail
    assert say(world, action("status"))["error"]["code"] == "UNAVAILABLE"
    assert "c1" in world.connections.rows


def test_a_client_that_left_before_its_answer_is_no_error(world: World) -> None:
    """`$disconnect` takes care of the rows."""
    world.has()
    connected(world, "c1")
    world.sockets.drop("c1")
    world.message.run("c1", action("ping"), "m1")
    assert "c1" in world.connections.rows


def test_cancelled_by_somebody_else_meanwhile(world: World) -> None:
    """A second cancel is answered alike."""
    world.has()
    connected(world, "c1")
    world.downloads.rows[ARN] = replace(world.row, status=Status.CANCELLED)
    assert say(world, action("cancel"))["type"] == "cancelled"
