"""Delivery: every live socket is told, whatever the others do."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from runtime import parallel
from runtime.errors import ConnectionGoneError, ServiceError
from runtime.logic.sockets.push import PushCounts
from runtime.models import Connection, Failure, Status
from tests.runtime.support.world import ARN, DOWNLOAD_ID, World


def connected(world: World, *names: str, age: float = 60.0, expires_in: float = 3600.0) -> None:
    """Sockets that have been open for a while."""
    now = world.clock.now()
    for name in names:
        world.connections.rows[name] = Connection(name, ARN, int((now - age) * 1000), int(now + expires_in))
        world.sockets.accept(name)
    row = world.row
    world.downloads.rows[ARN] = type(row)(**{**vars(row), "connection_ids": row.connection_ids | set(names)})


def revoke(world: World) -> None:
    """Change the row as the command in docs/deploying.md does."""
    row = world.row
    world.downloads.rows[ARN] = replace(
        row, ticket_hashes=(), connection_ids=frozenset(), ticket_generation=row.ticket_generation + 1
    )


def counts(**numbers: int) -> dict[str, int]:
    """Outcomes as `deliver` returns them."""
    return PushCounts(**numbers).fields


def types(world: World, name: str) -> list[str]:
    """The types of what a socket has received."""
    return [json.loads(data)["type"] for data in world.sockets.received[name]]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.READY, "ready"),
        (Status.FAILED, "failed"),
        (Status.CANCELLED, "cancelled"),
        (Status.COPYING, "status"),
        (Status.PENDING, "status"),
    ],
)
def test_everybody_is_told_what_the_row_says(world: World, status: Status, kind: str) -> None:
    """Each of the connections, once."""
    world.has(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    connected(world, "c1", "c2", "c3")
    assert world.deliver.run(ARN) == counts(posted=3)
    assert [types(world, name) for name in ("c1", "c2", "c3")] == [[kind]] * 3


def test_a_url_is_signed_at_delivery_with_a_safe_name_and_type(world: World) -> None:
    """Not before, and not when there is nobody to tell."""
    world.has(status=Status.READY, file_name="für alle.csv")
    world.deliver.run(ARN)
    assert world.signer.signed == []
    connected(world, "c1")
    world.deliver.run(ARN)
    key, disposition, content_type = world.signer.signed[0]
    assert key == f"downloads/{DOWNLOAD_ID}"
    assert disposition == "attachment; filename=\"fur alle.csv\"; filename*=UTF-8''f%C3%BCr%20alle.csv"
    assert content_type == "text/csv"


def test_a_replay_goes_to_one_connection_only(world: World) -> None:
    """The one that asked."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2")
    assert world.deliver.run(ARN, "c2") == counts(posted=1)
    assert types(world, "c1") == []
    assert types(world, "c2") == ["ready"]


def test_no_message_reaches_a_socket_that_was_opened_before_the_tickets_were_revoked(world: World) -> None:
    """Neither at the end, although its id is in the row again, nor in a replay that was started before."""
    world.has(status=Status.READY)
    connected(world, "before")
    revoke(world)
    assert world.deliver.run(ARN, "before") == counts(gone=1)
    world.downloads.rows[ARN] = replace(world.row, connection_ids=frozenset({"before"}))
    assert world.deliver.run(ARN) == counts(gone=1)
    assert types(world, "before") == []
    assert world.row.connection_ids == frozenset()


def test_a_replay_to_another_downloads_connection_tells_nobody(world: World) -> None:
    """Whoever names it."""
    world.has(status=Status.READY)
    now = int(world.clock.now())
    world.connections.rows["foreign"] = Connection("foreign", ARN + "x", now * 1000, now + 60)
    world.sockets.accept("foreign")
    assert world.deliver.run(ARN, "foreign") == counts(gone=1)
    assert types(world, "foreign") == []
    assert "foreign" in world.connections.rows


def test_a_download_that_is_gone_or_expired_is_not_told_of(world: World) -> None:
    """A late invocation does nothing."""
    assert world.deliver.run(ARN) == {}
    world.has(status=Status.READY, expires_at=1)
    connected(world, "c1")
    assert world.deliver.run(ARN) == {}
    assert types(world, "c1") == []


def test_an_old_connection_that_is_gone_is_forgotten_at_once(world: World) -> None:
    """Both rows; the result stays, and the others are told."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2")
    world.sockets.drop("c1")
    assert world.deliver.run(ARN) == counts(posted=1, gone=1)
    assert set(world.connections.rows) == {"c2"}
    assert world.row.connection_ids == {"c2"}
    assert world.row.status is Status.READY
    assert world.clock.slept == []


@pytest.mark.parametrize("opens_after", [0.05, 1.0, 5.0, 9.0])
def test_a_young_connection_is_not_gone(world: World, opens_after: float) -> None:
    """Its handshake has not ended: the message is tried again until it has."""
    world.has(status=Status.READY)
    connected(world, "c1", age=0.1)
    world.sockets.accept("c1", after=opens_after)
    before = world.clock.now()
    assert world.deliver.run(ARN) == counts(posted=1)
    assert opens_after <= world.clock.now() - before <= opens_after + 1.1
    assert types(world, "c1") == ["ready"]


def test_a_young_connection_that_never_opens_is_forgotten_when_it_is_old(world: World) -> None:
    """Ten seconds after it was accepted."""
    world.has(status=Status.READY)
    connected(world, "c1", age=2.0)
    world.sockets.drop("c1")
    assert world.deliver.run(ARN) == counts(gone=1)
    assert 7.5 <= sum(world.clock.slept) <= 9.5
    assert not world.connections.rows


def test_a_connection_that_is_still_young_at_the_end_is_kept(world: World) -> None:
    """Only what is known to be gone is forgotten; and the whole takes less than ten seconds."""
    world.has(status=Status.READY)
    connected(world, "c1", age=0.0)
    world.sockets.drop("c1")
    assert world.deliver.run(ARN) == counts(not_open=1)
    assert "c1" in world.connections.rows
    assert sum(world.clock.slept) < 10


def test_an_expired_connection_is_ignored_and_removed(world: World) -> None:
    """TTL may be days late; its id may have been given to nobody else, but nothing is posted."""
    world.has(status=Status.READY)
    connected(world, "c1", expires_in=-1)
    assert world.deliver.run(ARN) == counts(gone=1)
    assert types(world, "c1") == []
    assert not world.connections.rows
    assert world.row.connection_ids == frozenset()


def test_an_id_without_a_row_is_taken_out(world: World) -> None:
    """`$disconnect` was cut in the middle."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2")
    del world.connections.rows["c1"]
    assert world.deliver.run(ARN) == counts(posted=1, gone=1)
    assert world.row.connection_ids == {"c2"}


def test_a_failing_socket_fails_nobody_else(world: World) -> None:
    """Nor the execution; its row stays, so that it can ask."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2", "c3")
    world.sockets.errors["c2"] = [ServiceError("PostToConnection", "ForbiddenException")]
    assert world.deliver.run(ARN) == counts(posted=2, refused=1)
    assert world.clock.slept == []
    assert types(world, "c1") == types(world, "c3") == ["ready"]
    assert "c2" in world.connections.rows


def test_sockets_are_posted_to_in_parallel(world: World) -> None:
    """A slow one delays nobody: all three are in the call at the same time."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2", "c3")
    together = threading.Barrier(3, timeout=5)

    def meet(_operation: str) -> None:
        together.wait()

    world.sockets.before = meet
    assert world.deliver.run(ARN)["posted"] == 3


def test_the_same_news_is_told_with_the_same_id(world: World) -> None:
    """So that a client can drop what it knows."""
    world.has(status=Status.READY)
    connected(world, "c1")
    world.deliver.run(ARN)
    world.deliver.run(ARN, "c1")
    first, second = (json.loads(data)["messageId"] for data in world.sockets.received["c1"])
    assert first == second == f"{DOWNLOAD_ID}-ready"


def test_parallel_work_keeps_its_order_and_its_errors() -> None:
    """Results in order; the first error after all have ended."""
    assert parallel.map_each(lambda number: number * 2, [3, 1, 2]) == [6, 2, 4]
    assert parallel.map_each(lambda number: number, []) == []
    done: list[int] = []

    def work(number: int) -> None:
        done.append(number)
        if number == 1:
            raise ConnectionGoneError("x")

    with pytest.raises(ConnectionGoneError):
        parallel.map_each(work, [1, 2, 3])
    assert sorted(done) == [1, 2, 3]
