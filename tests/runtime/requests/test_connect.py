"""Connecting: a ticket opens its own download, within limits, and what is over is replayed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.errors import ServiceError, TicketRefusedError, TicketRequiredError, TooManyConnectionsError
from runtime.logic.requests import tickets
from runtime.logic.requests.evict import MAX_CHECKED
from runtime.models import Status
from tests.runtime.ending.test_deliver import connected, revoke, types
from tests.runtime.support.world import ARN, DOWNLOAD_ID, World


def assert_nothing_opened(world: World) -> None:
    """No row, no replay."""
    assert not world.connections.rows
    assert not any(row.connection_ids for row in world.downloads.rows.values())
    assert not world.functions.started


@pytest.mark.parametrize("claimed", [None, ARN])
def test_a_ticket_opens_its_download(world: World, claimed: str | None) -> None:
    """Alone, or with the sample's header that agrees; both rows know of each other."""
    ticket = world.has()
    world.connect.run("c1", ticket.text, claimed)
    connection = world.connections.rows["c1"]
    assert connection.execution_arn == ARN
    assert connection.connected_at == int(world.clock.now() * 1000)
    assert connection.expires_at > world.clock.now() + 2 * 3600
    assert world.row.connection_ids == {"c1"}
    assert not world.functions.started


def test_a_further_ticket_after_a_revocation_opens_a_socket_that_gets_the_file(world: World) -> None:
    """The revoked ticket opens nothing."""
    revoked = world.has(status=Status.READY)
    world.connect.run("before", revoked.text)
    revoke(world)
    ticket = tickets.issue(DOWNLOAD_ID)
    world.downloads.replace_tickets(ARN, (), (ticket.hash,))
    world.connect.run("after", ticket.text)
    for name in ("before", "after"):
        world.sockets.accept(name)
    world.deliver.run(ARN)
    assert (types(world, "before"), types(world, "after")) == ([], ["ready"])
    with pytest.raises(TicketRefusedError):
        world.connect.run("again", revoked.text)


def test_a_socket_outlives_the_eviction_of_its_ticket(world: World) -> None:
    """Five further requests with the same Idempotency-Key evict the ticket; nobody revoked it."""
    ticket = world.has(status=Status.READY)
    world.connect.run("c1", ticket.text)
    world.sockets.accept("c1")
    world.downloads.replace_tickets(ARN, (ticket.hash,), tuple(letter * 64 for letter in "abcde"))
    world.deliver.run(ARN)
    assert types(world, "c1") == ["ready"]


def test_a_revocation_during_the_handshake_refuses_the_connection(world: World) -> None:
    """The row was read before the tickets were revoked."""
    ticket = world.has()

    def revoke_before_open(operation: str) -> None:
        if operation == "connections.open":
            revoke(world)

    world.connections.before = revoke_before_open
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text)
    assert_nothing_opened(world)


@pytest.mark.parametrize("text", [None, ""])
def test_without_a_ticket_nobody_gets_in(world: World, text: str | None) -> None:
    """Not even with the ARN, which is an identifier."""
    world.has()
    with pytest.raises(TicketRequiredError):
        world.connect.run("c1", text, ARN)
    assert_nothing_opened(world)


def test_a_wrong_foreign_or_replaced_ticket_is_refused(world: World) -> None:
    """All alike."""
    world.has()
    for text in ("x", tickets.issue(DOWNLOAD_ID).text, tickets.issue("f" * 32).text):
        with pytest.raises(TicketRefusedError):
            world.connect.run("c1", text)
    assert_nothing_opened(world)


@pytest.mark.parametrize("claimed", ["", "x", ARN + "x", ARN[:-1] + "b"])
def test_a_header_that_names_another_download_is_refused(world: World, claimed: str) -> None:
    """A ticket with somebody else's ARN is a mistake or worse."""
    ticket = world.has()
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text, claimed)
    assert_nothing_opened(world)


def test_an_expired_download_does_not_open(world: World) -> None:
    """TTL may be days late."""
    ticket = world.has(expires_at=int(world.clock.now()))
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text)
    assert_nothing_opened(world)


def test_a_ticket_that_is_replaced_in_the_middle_is_refused(world: World) -> None:
    """The transaction checks once more."""
    ticket = world.has()
    world.connections.before = lambda operation: (
        world.downloads.rows.update({ARN: replace(world.row, ticket_hashes=())})
        if operation == "connections.open"
        else None
    )
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text)
    assert_nothing_opened(world)


def test_the_limit_of_connections_holds(world: World) -> None:
    """The fourth of three is told why; when one leaves, there is room."""
    ticket = world.has()
    for name in ("c1", "c2", "c3"):
        world.connect.run(name, ticket.text)
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}
    world.disconnect.run("c2")
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c3", "c4"}


def full(world: World, *, age: float = 60.0) -> tickets.Ticket:
    """A download with as many connections as it may have, and its ticket; the first is the oldest."""
    ticket = world.has()
    for number, name in enumerate(("c1", "c2", "c3")):
        connected(world, name, age=age - number)
    return ticket


def test_a_dead_connection_makes_room(world: World) -> None:
    """`$disconnect` is best effort: at the limit the oldest are looked at, and those that are gone are forgotten."""
    ticket = full(world)
    world.sockets.drop("c2")
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == set(world.connections.rows) == {"c1", "c3", "c4"}


def test_a_connection_without_a_live_row_makes_room_without_a_look(world: World) -> None:
    """One that is expired, and an id that was left behind."""
    ticket = full(world)
    del world.connections.rows["c1"]
    now = int(world.clock.now())
    world.connections.rows["c2"] = replace(world.connections.rows["c2"], expires_at=now)
    world.sockets.before = lambda operation: pytest.fail(operation)
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == set(world.connections.rows) == {"c3", "c4"}


def test_a_young_connection_is_not_evicted(world: World) -> None:
    """Its handshake may last."""
    ticket = full(world, age=8.0)
    for name in ("c1", "c2", "c3"):
        world.sockets.drop(name)
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}
    world.clock.sleep(10)
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c4"}


def test_one_that_nobody_knows_about_is_not_evicted(world: World) -> None:
    """A look that fails is no proof."""
    ticket = full(world)
    for name in ("c1", "c2", "c3"):
        world.sockets.errors[name] = [ServiceError("GetConnection", "LimitExceededException")]
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}


def test_being_refused_is_cheap(world: World) -> None:
    """The oldest three are looked at, not all."""
    world.connect = replace(world.connect, limit=20)
    ticket = world.has()
    connected(world, *(f"c{number}" for number in range(20)))
    looks: list[str] = []
    world.sockets.before = looks.append
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("late", ticket.text)
    assert looks == ["sockets.is_open"] * MAX_CHECKED


def test_a_wrong_ticket_evicts_nobody(world: World) -> None:
    """A stranger cannot make the stack look."""
    full(world)
    world.sockets.drop("c1")
    with pytest.raises(TicketRefusedError):
        world.connect.run("c4", tickets.issue(DOWNLOAD_ID).text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}
    assert not world.connections.calls


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_what_is_over_is_replayed_to_the_newcomer_alone(world: World, status: Status) -> None:
    """After the connection was written."""
    ticket = world.has(status=status)
    written: list[bool] = []
    world.functions.before = lambda _operation: written.append("c1" in world.connections.rows)
    world.connect.run("c1", ticket.text)
    assert world.functions.started == [("deliver", {"executionArn": ARN, "connectionId": "c1"})]
    assert written == [True]


def test_what_ends_while_connecting_is_replayed(world: World) -> None:
    """The row is read again after the transaction."""
    ticket = world.has()

    def ends(operation: str) -> None:
        if operation == "connections.open":
            world.downloads.rows[ARN] = replace(world.row, status=Status.READY)

    world.connections.before = ends
    world.connect.run("c1", ticket.text)
    assert len(world.functions.started) == 1


@pytest.mark.parametrize("failing", ["downloads.get", "functions.start"])
def test_a_handshake_that_fails_leaves_no_rows(world: World, failing: str) -> None:
    """There will be no `$disconnect` for a socket that never was."""
    ticket = world.has(status=Status.READY if failing.startswith("functions") else Status.COPYING)

    def fail(operation: str) -> None:
        if operation == failing and world.connections.rows:
            raise ServiceError("Call", "InternalServerError")

    world.functions.before = world.downloads.before = fail
    with pytest.raises(ServiceError):
        world.connect.run("c1", ticket.text)
    assert_nothing_opened(world)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        (None, 0),
        ("", 0),
        ("x" * 8000, 0),
        (DOWNLOAD_ID, 0),
        (f"{DOWNLOAD_ID}.", 0),
        (f"{DOWNLOAD_ID.upper()}.{'A' * 43}", 0),
        (f"{DOWNLOAD_ID}.{'A' * 43}", 1),
        (f"{'f' * 32}.{'A' * 43}", 1),
    ],
)
def test_a_stranger_costs_one_read_at_most_and_no_write(world: World, text: str | None, reads: int) -> None:
    """What cannot be a ticket costs nothing; what could be costs the look that finds out."""
    world.has()
    with pytest.raises((TicketRefusedError, TicketRequiredError)):
        world.connect.run("c1", text)
    assert world.downloads.calls.total() == world.downloads.calls["get"] == reads
    assert not world.connections.calls


def test_connecting_costs_the_same_whatever_is_in_the_tables(world: World) -> None:
    """Two reads and one transaction, or one read when it is over already."""
    ticket = world.has()
    world.connect.run("c1", ticket.text)
    assert world.downloads.calls == {"get": 2}
    assert world.connections.calls == {"open": 1}
    ticket = world.has(status=Status.READY)
    world.downloads.calls.clear()
    world.connect.run("c2", ticket.text)
    assert world.downloads.calls == {"get": 1}


def test_disconnecting_takes_two_item_operations(world: World) -> None:
    """By key; the download and its result stay."""
    ticket = world.has(status=Status.READY)
    world.connect.run("c1", ticket.text)
    world.downloads.calls.clear()
    world.connections.calls.clear()
    world.disconnect.run("c1")
    assert world.connections.calls + world.downloads.calls == {"delete": 1, "remove_connection": 1}
    assert not world.connections.rows
    assert world.row.connection_ids == frozenset()
    assert world.row.status is Status.READY


def test_disconnecting_twice_or_a_stranger_is_harmless(world: World) -> None:
    """`$disconnect` may come late or again."""
    ticket = world.has()
    world.connect.run("c1", ticket.text)
    world.disconnect.run("c1")
    world.disconnect.run("c1")
    world.disconnect.run("never")
    del world.downloads.rows[ARN]
    world.disconnect.run("c1")
