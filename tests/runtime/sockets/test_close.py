"""Sockets that were told the end are closed when they are idle, never while they are in use."""

from __future__ import annotations

import json

import pytest

from runtime.errors import ServiceError
from runtime.logic.sockets.notifier import Notifier
from runtime.models import Connection, Failure, Status
from tests.runtime.ending.test_deliver import connected, types
from tests.runtime.support.world import ARN, World

GRACE = 120.0


def told(world: World, *names: str, status: Status = Status.READY) -> tuple[list[str], float]:
    """Sockets that were just told the end, and what the closing machine was asked for."""
    world.has(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    connected(world, *names)
    world.deliver.run(ARN)
    ((arn, ids, since),) = world.idle_closer.started
    world.idle_closer.started.clear()
    assert arn == ARN
    return ids, since


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_whoever_was_told_the_end_is_closed_when_idle(world: World, status: Status) -> None:
    """Rows first, then the socket."""
    ids, since = told(world, "c1", "c2", status=status)
    assert ids == ["c1", "c2"]
    world.clock.sleep(GRACE)
    assert world.close.run(ARN, ids, since) == {"closed": 2, "gone": 0, "inUse": 0}
    assert sorted(world.sockets.closed) == ["c1", "c2"]
    assert not world.connections.rows
    assert not world.row.connection_ids
    assert not world.idle_closer.started
    assert world.row.status is status


def test_news_that_is_not_the_end_closes_nobody(world: World) -> None:
    """`status` is told as well."""
    world.has(status=Status.COPYING)
    connected(world, "c1")
    world.deliver.run(ARN)
    assert not world.idle_closer.started


def test_nobody_is_waited_for_where_nobody_was_told(world: World) -> None:
    """Without a socket, or with one that has gone."""
    world.has(status=Status.READY)
    world.deliver.run(ARN)
    connected(world, "c1")
    world.sockets.drop("c1")
    world.deliver.run(ARN)
    assert not world.idle_closer.started


def test_one_who_failed_to_be_told_is_closed_too(world: World) -> None:
    """He may be there: throttled, or young."""
    world.has(status=Status.READY)
    connected(world, "c1")
    world.sockets.errors["c1"] = [ServiceError("PostToConnection", "Forbidden")] * 9
    world.deliver.run(ARN)
    assert [ids for _, ids, _ in world.idle_closer.started] == [["c1"]]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_failure_is_followed_by_closing(world: World, status: Status) -> None:
    """Whichever function tells it."""
    world.has(status=Status.CANCELLED if status is Status.CANCELLED else Status.COPYING)
    connected(world, "c1")
    world.fail.run(ARN, Failure("ORIGIN_ERROR", "No."))
    assert [ids for _, ids, _ in world.idle_closer.started] == [["c1"]]


def test_a_replay_has_its_own_socket_closed(world: World) -> None:
    """Who connects after the end gets the same time as the others."""
    told(world, "c1")
    connected(world, "c2")
    world.deliver.run(ARN, "c2")
    assert [ids for _, ids, _ in world.idle_closer.started] == [["c2"]]


def test_delivery_does_not_fail_when_nobody_will_close(world: World) -> None:
    """API Gateway closes idle sockets, too, only later."""
    world.has(status=Status.READY)
    connected(world, "c1")
    world.idle_closer.error = ServiceError("StartExecution", "ThrottlingException")
    assert world.deliver.run(ARN)["posted"] == 1


def test_closing_can_be_left_to_api_gateway(world: World) -> None:
    """By a setting of 0."""
    world.has(status=Status.READY)
    connected(world, "c1")
    plain = Notifier(world.downloads, world.connections, world.sockets, world.clock, None)
    assert plain.send(world.row, {"c1"}, world.download_messages.build(world.row)).posted == 1
    assert not world.idle_closer.started


@pytest.mark.parametrize("action", ["status", "refresh"])
def test_one_who_wants_the_news_again_is_left_alone_for_as_long_again(world: World, action: str) -> None:
    """The others are closed."""
    ids, since = told(world, "c1", "c2")
    world.clock.sleep(GRACE - 1)
    world.message.run("c1", json.dumps({"action": action}), "m1")
    world.clock.sleep(1)
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 0, "inUse": 1}
    assert world.sockets.closed == ["c2"]
    ((arn, again, later),) = world.idle_closer.started
    assert (arn, again, later) == (ARN, ["c1"], world.clock.now())
    world.clock.sleep(GRACE)
    assert world.close.run(ARN, again, later) == {"closed": 1, "gone": 0, "inUse": 0}


@pytest.mark.parametrize("action", ["ping", "cancel", "nonsense"])
def test_keeping_a_socket_alive_is_not_using_it(world: World, action: str) -> None:
    """Closed, one who missed the news comes back and gets it; one who had it does not need the socket."""
    ids, since = told(world, "c1")
    world.clock.sleep(GRACE - 1)
    world.message.run("c1", json.dumps({"action": action}), "m1")
    world.clock.sleep(1)
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 0, "inUse": 0}


def test_one_who_speaks_at_the_last_moment_is_not_cut_off(world: World) -> None:
    """Between the look and the deletion, which is conditional."""
    ids, since = told(world, "c1")
    world.clock.sleep(GRACE)

    def speak(operation: str) -> None:
        if operation == "connections.delete_idle":
            world.message.run("c1", '{"action": "refresh"}', "m1")

    world.connections.before = speak
    assert world.close.run(ARN, ids, since) == {"closed": 0, "gone": 0, "inUse": 1}
    assert types(world, "c1") == ["ready", "ready"]
    assert "c1" in world.connections.rows


def test_what_was_said_before_the_end_counts_for_nothing(world: World) -> None:
    """And is not even noted: it would be a write for each message."""
    world.has(status=Status.COPYING)
    connected(world, "c1")
    world.message.run("c1", '{"action": "status"}', "m1")
    assert world.connections.calls["use"] == 0
    assert world.connections.rows["c1"].used_at is None


def test_a_use_that_cannot_be_noted_is_answered_all_the_same(world: World) -> None:
    """The answer matters more."""
    told(world, "c1")

    def fail(operation: str) -> None:
        if operation == "connections.use":
            raise ServiceError("UpdateItem", "InternalServerError")

    world.connections.before = fail
    world.message.run("c1", '{"action": "refresh"}', "m1")
    assert types(world, "c1") == ["ready", "ready"]


def test_one_who_has_left_is_let_be(world: World) -> None:
    """By the clean way, or without a `$disconnect`: then the rows go now."""
    ids, since = told(world, "left", "lost")
    world.disconnect.run("left")
    world.sockets.drop("left")
    world.sockets.drop("lost")
    world.clock.sleep(GRACE)
    assert world.close.run(ARN, ids, since) == {"closed": 0, "gone": 2, "inUse": 0}
    assert not world.connections.rows
    assert not world.row.connection_ids
    assert world.close.run(ARN, ids, since) == {"closed": 0, "gone": 2, "inUse": 0}


def test_an_id_that_was_left_behind_is_taken_out(world: World) -> None:
    """Its own row went, and the other could not be written then."""
    ids, since = told(world, "c1", "c2")
    del world.connections.rows["c1"]
    world.clock.sleep(GRACE)
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 1, "inUse": 0}
    assert not world.row.connection_ids


def test_a_socket_of_another_download_is_not_touched(world: World) -> None:
    """Whoever names it."""
    told(world, "c1")
    now = int(world.clock.now())
    world.connections.rows["foreign"] = Connection("foreign", ARN + "x", (now - 60) * 1000, now + 60)
    world.sockets.accept("foreign")
    assert world.close.run(ARN, ["foreign"], world.clock.now() + 1) == {"closed": 0, "gone": 1, "inUse": 0}
    assert "foreign" in world.connections.rows
    assert not world.sockets.closed


def test_a_socket_that_cannot_be_closed_now_is_tried_again(world: World) -> None:
    """Three times; then it is API Gateway's, and its rows are gone all the same."""
    ids, since = told(world, "c1", "c2")
    world.clock.sleep(GRACE)
    refusal = ServiceError("DeleteConnection", "LimitExceededException")
    world.sockets.errors = {"c1": [refusal] * 2, "c2": [refusal] * 3}
    assert world.close.run(ARN, ids, since) == {"closed": 1, "gone": 1, "inUse": 0}
    assert world.sockets.closed == ["c1"]
    assert not world.connections.rows


def test_a_table_that_fails_fails_the_task_which_can_be_done_again(world: World) -> None:
    """Step Functions tries it again."""
    ids, since = told(world, "c1", "c2")
    world.clock.sleep(GRACE)
    broken = [ServiceError("DeleteItem", "InternalServerError")]

    def fail_once(operation: str) -> None:
        if operation == "connections.delete_idle" and broken:
            raise broken.pop()

    world.connections.before = fail_once
    with pytest.raises(ServiceError):
        world.close.run(ARN, ids, since)
    world.close.run(ARN, ids, since)
    assert sorted(world.sockets.closed) == ["c1", "c2"]
    assert not world.connections.rows
