"""Connections that received the end are closed when they are idle, never while they are in use."""

from __future__ import annotations

import json

import pytest

from runtime.errors import ServiceError
from runtime.logic.sockets.notifier import Notifier
from runtime.models import Connection, Failure, Status
from tests.runtime.ending.test_deliver import message_types, open_connections
from tests.runtime.support.fakes.hooks import fail_at, fail_once_at
from tests.runtime.support.world import ARN, World

IDLE_SECONDS = 120.0


def notify_end(world: World, *names: str, status: Status = Status.READY) -> tuple[list[str], float]:
    """Deliver a final status to new connections; return the input of the idle closer."""
    world.put_download(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    open_connections(world, *names)
    world.deliver.run(ARN)
    ((arn, ids, since),) = world.idle_closer.started
    world.idle_closer.started.clear()
    assert arn == ARN
    return ids, since


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_connection_that_received_the_end_is_closed_when_idle(world: World, status: Status) -> None:
    ids, since = notify_end(world, "c1", "c2", status=status)
    assert ids == ["c1", "c2"]
    world.clock.sleep(IDLE_SECONDS)
    assert world.close.run(ARN, ids, since) == {"closed": 2, "gone": 0, "inUse": 0}
    assert sorted(world.sockets.closed) == ["c1", "c2"]
    assert not world.connections.rows
    assert not world.row.connection_ids
    assert not world.idle_closer.started
    assert world.row.status is status


def test_status_before_the_end_starts_no_idle_closer(world: World) -> None:
    world.put_download(status=Status.COPYING)
    open_connections(world, "c1")
    world.deliver.run(ARN)
    assert not world.idle_closer.started


def test_end_that_reached_no_connection_starts_no_idle_closer(world: World) -> None:
    world.put_download(status=Status.READY)
    world.deliver.run(ARN)
    open_connections(world, "c1")
    world.sockets.drop("c1")
    world.deliver.run(ARN)
    assert not world.idle_closer.started


def test_connection_that_could_not_be_reached_is_closed_too(world: World) -> None:
    """The connection may still be open: throttled, or young."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.sockets.errors["c1"] = [ServiceError("PostToConnection", "Forbidden")] * 9
    world.deliver.run(ARN)
    assert [ids for _, ids, _ in world.idle_closer.started] == [["c1"]]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_failure_and_cancel_start_the_idle_closer(world: World, status: Status) -> None:
    world.put_download(status=Status.CANCELLED if status is Status.CANCELLED else Status.COPYING)
    open_connections(world, "c1")
    world.fail.run(ARN, Failure("ORIGIN_ERROR", "No."))
    assert [ids for _, ids, _ in world.idle_closer.started] == [["c1"]]


def test_replay_starts_the_idle_closer_for_its_connection_only(world: World) -> None:
    notify_end(world, "c1")
    open_connections(world, "c2")
    world.deliver.run(ARN, "c2")
    assert [ids for _, ids, _ in world.idle_closer.started] == [["c2"]]


def test_delivery_succeeds_although_the_idle_closer_cannot_start(world: World) -> None:
    """API Gateway closes idle connections later."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.idle_closer.error = ServiceError("StartExecution", "ThrottlingException")
    assert world.deliver.run(ARN)["posted"] == 1


def test_without_an_idle_closer_none_is_started(world: World) -> None:
    """A setting of 0 leaves closing to API Gateway."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    notifier = Notifier(world.downloads, world.connections, world.sockets, world.clock, None)
    assert notifier.send(world.row, {"c1"}, world.download_messages.build(world.row)).posted == 1
    assert not world.idle_closer.started


@pytest.mark.parametrize("action", ["status", "refresh"])
def test_request_for_the_status_postpones_closing(world: World, action: str) -> None:
    ids, since = notify_end(world, "c1", "c2")
    world.clock.sleep(IDLE_SECONDS - 1)
    world.client_message.run("c1", json.dumps({"action": action}), "m1")
    world.clock.sleep(1)
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 0, "inUse": 1}
    assert world.sockets.closed == ["c2"]
    ((arn, kept_ids, used_since),) = world.idle_closer.started
    assert (arn, kept_ids, used_since) == (ARN, ["c1"], world.clock.now())
    world.clock.sleep(IDLE_SECONDS)
    assert world.close.run(ARN, kept_ids, used_since) == {"closed": 1, "gone": 0, "inUse": 0}


@pytest.mark.parametrize("action", ["ping", "cancel", "nonsense"])
def test_ping_cancel_and_unknown_actions_do_not_postpone_closing(world: World, action: str) -> None:
    """A client that missed the end reconnects and gets it; one that has it does not need the connection."""
    ids, since = notify_end(world, "c1")
    world.clock.sleep(IDLE_SECONDS - 1)
    world.client_message.run("c1", json.dumps({"action": action}), "m1")
    world.clock.sleep(1)
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 0, "inUse": 0}


def test_message_between_check_and_deletion_keeps_the_connection(world: World) -> None:
    """The deletion is conditional."""
    ids, since = notify_end(world, "c1")
    world.clock.sleep(IDLE_SECONDS)

    def send_refresh(operation: str) -> None:
        if operation == "connections.delete_idle":
            world.client_message.run("c1", '{"action": "refresh"}', "m1")

    world.connections.before_call = send_refresh
    assert world.close.run(ARN, ids, since) == {"closed": 0, "gone": 0, "inUse": 1}
    assert message_types(world, "c1") == ["ready", "ready"]
    assert "c1" in world.connections.rows


def test_use_before_the_end_is_not_recorded(world: World) -> None:
    """It would cost a write for each message."""
    world.put_download(status=Status.COPYING)
    open_connections(world, "c1")
    world.client_message.run("c1", '{"action": "status"}', "m1")
    assert world.connections.calls["use"] == 0
    assert world.connections.rows["c1"].used_at is None


def test_message_is_answered_although_its_use_cannot_be_recorded(world: World) -> None:
    notify_end(world, "c1")

    world.connections.before_call = fail_at("connections.use", ServiceError("UpdateItem", "InternalServerError"))
    world.client_message.run("c1", '{"action": "refresh"}', "m1")
    assert message_types(world, "c1") == ["ready", "ready"]


def test_connection_that_is_gone_is_removed(world: World) -> None:
    """API Gateway may or may not have called `$disconnect`."""
    ids, since = notify_end(world, "left", "lost")
    world.disconnect.run("left")
    world.sockets.drop("left")
    world.sockets.drop("lost")
    world.clock.sleep(IDLE_SECONDS)
    assert world.close.run(ARN, ids, since) == {"closed": 0, "gone": 2, "inUse": 0}
    assert not world.connections.rows
    assert not world.row.connection_ids
    assert world.close.run(ARN, ids, since) == {"closed": 0, "gone": 2, "inUse": 0}


def test_connection_id_without_a_row_is_removed_from_the_download(world: World) -> None:
    ids, since = notify_end(world, "c1", "c2")
    del world.connections.rows["c1"]
    world.clock.sleep(IDLE_SECONDS)
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 1, "inUse": 0}
    assert not world.row.connection_ids


def test_connection_of_another_download_is_not_closed(world: World) -> None:
    notify_end(world, "c1")
    now = int(world.clock.now())
    world.connections.rows["foreign"] = Connection("foreign", ARN + "x", (now - 60) * 1000, now + 60)
    world.sockets.accept("foreign")
    assert world.close.run(ARN, ["foreign"], world.clock.now() + 1) == {"closed": 0, "gone": 1, "inUse": 0}
    assert "foreign" in world.connections.rows
    assert not world.sockets.closed


def test_failed_close_is_attempted_three_times(world: World) -> None:
    """Then the connection is left to API Gateway, but its rows are removed."""
    ids, since = notify_end(world, "c1", "c2")
    world.clock.sleep(IDLE_SECONDS)
    refusal = ServiceError("DeleteConnection", "LimitExceededException")
    world.sockets.errors = {"c1": [refusal] * 2, "c2": [refusal] * 3}
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 1, "inUse": 0}
    assert world.sockets.closed == ["c1"]
    assert not world.connections.rows


def test_failed_table_raises_and_the_next_attempt_succeeds(world: World) -> None:
    """Step Functions retries the task."""
    ids, since = notify_end(world, "c1", "c2")
    world.clock.sleep(IDLE_SECONDS)
    failure = ServiceError("DeleteItem", "InternalServerError")
    world.connections.before_call = fail_once_at("connections.delete_idle", failure)
    with pytest.raises(ServiceError):
        world.close.run(ARN, ids, since)
    world.close.run(ARN, ids, since)
    assert sorted(world.sockets.closed) == ["c1", "c2"]
    assert not world.connections.rows
