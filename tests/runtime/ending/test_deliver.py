"""Delivery: every open connection gets the message, whatever happens to the others."""

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


def open_connections(world: World, *names: str, age: float = 60.0, expires_in: float = 3600.0) -> None:
    """Add open connections of this age to the download."""
    now = world.clock.now()
    for name in names:
        world.connections.rows[name] = Connection(name, ARN, int((now - age) * 1000), int(now + expires_in))
        world.sockets.accept(name)
    row = world.row
    world.downloads.rows[ARN] = type(row)(**{**vars(row), "connection_ids": row.connection_ids | set(names)})


def revoke_tickets(world: World) -> None:
    """Change the row as the command in docs/deploying.md does."""
    row = world.row
    world.downloads.rows[ARN] = replace(
        row, ticket_hashes=(), connection_ids=frozenset(), ticket_generation=row.ticket_generation + 1
    )


def outcome_counts(**numbers: int) -> dict[str, int]:
    """Return counts as `deliver` returns them."""
    return PushCounts(**numbers).fields


def message_types(world: World, name: str) -> list[str]:
    """Return the types of the messages that a connection received."""
    return [json.loads(data)["type"] for data in world.sockets.received[name]]


@pytest.mark.parametrize(
    ("status", "message_type"),
    [
        (Status.READY, "ready"),
        (Status.FAILED, "failed"),
        (Status.CANCELLED, "cancelled"),
        (Status.COPYING, "status"),
        (Status.PENDING, "status"),
    ],
)
def test_every_connection_gets_the_status_of_the_row(world: World, status: Status, message_type: str) -> None:
    world.put_download(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    open_connections(world, "c1", "c2", "c3")
    assert world.deliver.run(ARN) == outcome_counts(posted=3)
    assert [message_types(world, name) for name in ("c1", "c2", "c3")] == [[message_type]] * 3


def test_url_is_signed_at_delivery_with_a_safe_name_and_type(world: World) -> None:
    world.put_download(status=Status.READY, file_name="für alle.csv")
    world.deliver.run(ARN)
    assert world.signer.signed == []
    open_connections(world, "c1")
    world.deliver.run(ARN)
    key, disposition, content_type = world.signer.signed[0]
    assert key == f"downloads/{DOWNLOAD_ID}"
    assert disposition == "attachment; filename=\"fur alle.csv\"; filename*=UTF-8''f%C3%BCr%20alle.csv"
    assert content_type == "text/csv"


def test_replay_reaches_one_connection_only(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2")
    assert world.deliver.run(ARN, "c2") == outcome_counts(posted=1)
    assert message_types(world, "c1") == []
    assert message_types(world, "c2") == ["ready"]


def test_connection_opened_before_a_revocation_gets_no_message(world: World) -> None:
    """It gets none at the end, although its id is in the row again, and none in a replay started before."""
    world.put_download(status=Status.READY)
    open_connections(world, "before")
    revoke_tickets(world)
    assert world.deliver.run(ARN, "before") == outcome_counts(gone=1)
    world.downloads.rows[ARN] = replace(world.row, connection_ids=frozenset({"before"}))
    assert world.deliver.run(ARN) == outcome_counts(gone=1)
    assert message_types(world, "before") == []
    assert world.row.connection_ids == frozenset()


def test_replay_to_a_connection_of_another_download_sends_nothing(world: World) -> None:
    world.put_download(status=Status.READY)
    now = int(world.clock.now())
    world.connections.rows["foreign"] = Connection("foreign", ARN + "x", now * 1000, now + 60)
    world.sockets.accept("foreign")
    assert world.deliver.run(ARN, "foreign") == outcome_counts(gone=1)
    assert message_types(world, "foreign") == []
    assert "foreign" in world.connections.rows


def test_missing_or_expired_download_is_not_delivered(world: World) -> None:
    assert world.deliver.run(ARN) == {}
    world.put_download(status=Status.READY, expires_at=1)
    open_connections(world, "c1")
    assert world.deliver.run(ARN) == {}
    assert message_types(world, "c1") == []


def test_old_connection_that_is_gone_is_removed_at_once(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2")
    world.sockets.drop("c1")
    assert world.deliver.run(ARN) == outcome_counts(posted=1, gone=1)
    assert set(world.connections.rows) == {"c2"}
    assert world.row.connection_ids == {"c2"}
    assert world.row.status is Status.READY
    assert world.clock.slept == []


@pytest.mark.parametrize("opens_after", [0.05, 1.0, 5.0, 9.0])
def test_410_of_a_young_connection_is_retried_until_it_opens(world: World, opens_after: float) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", age=0.1)
    world.sockets.accept("c1", after=opens_after)
    started_at = world.clock.now()
    assert world.deliver.run(ARN) == outcome_counts(posted=1)
    assert opens_after <= world.clock.now() - started_at <= opens_after + 1.1
    assert message_types(world, "c1") == ["ready"]


def test_young_connection_that_never_opens_is_removed_after_ten_seconds(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", age=2.0)
    world.sockets.drop("c1")
    assert world.deliver.run(ARN) == outcome_counts(gone=1)
    assert 7.5 <= sum(world.clock.slept) <= 9.5
    assert not world.connections.rows


def test_connection_still_young_when_the_time_is_up_is_kept(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", age=0.0)
    world.sockets.drop("c1")
    assert world.deliver.run(ARN) == outcome_counts(not_open=1)
    assert "c1" in world.connections.rows
    assert sum(world.clock.slept) < 10


def test_expired_connection_is_removed_without_a_message(world: World) -> None:
    """TTL may remove it days late."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1", expires_in=-1)
    assert world.deliver.run(ARN) == outcome_counts(gone=1)
    assert message_types(world, "c1") == []
    assert not world.connections.rows
    assert world.row.connection_ids == frozenset()


def test_connection_id_without_a_row_is_removed(world: World) -> None:
    """`$disconnect` was interrupted."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2")
    del world.connections.rows["c1"]
    assert world.deliver.run(ARN) == outcome_counts(posted=1, gone=1)
    assert world.row.connection_ids == {"c2"}


def test_refused_post_does_not_affect_other_connections(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2", "c3")
    world.sockets.errors["c2"] = [ServiceError("PostToConnection", "ForbiddenException")]
    assert world.deliver.run(ARN) == outcome_counts(posted=2, refused=1)
    assert world.clock.slept == []
    assert message_types(world, "c1") == message_types(world, "c3") == ["ready"]
    assert "c2" in world.connections.rows


def test_connections_are_posted_to_in_parallel(world: World) -> None:
    """All three posts wait for each other."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2", "c3")
    together = threading.Barrier(3, timeout=5)

    def wait_for_others(_operation: str) -> None:
        together.wait()

    world.sockets.before_call = wait_for_others
    assert world.deliver.run(ARN)["posted"] == 3


def test_repeated_message_has_the_same_id(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.deliver.run(ARN)
    world.deliver.run(ARN, "c1")
    first, second = (json.loads(data)["messageId"] for data in world.sockets.received["c1"])
    assert first == second == f"{DOWNLOAD_ID}-ready"


def test_parallel_results_keep_their_order_and_the_first_error_is_raised() -> None:
    assert parallel.map_each(lambda number: number * 2, [3, 1, 2]) == [6, 2, 4]
    assert parallel.map_each(lambda number: number, []) == []
    finished: list[int] = []

    def function(number: int) -> None:
        finished.append(number)
        if number == 1:
            raise ConnectionGoneError("x")

    with pytest.raises(ConnectionGoneError):
        parallel.map_each(function, [1, 2, 3])
    assert sorted(finished) == [1, 2, 3]
