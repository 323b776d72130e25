"""Connecting: a ticket opens its own download, within limits, and a finished download is replayed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.errors import ServiceError, TicketRefusedError, TicketRequiredError, TooManyConnectionsError
from runtime.logic.requests import tickets
from runtime.logic.requests.evict import MAX_CHECKED
from runtime.models import Status
from tests.runtime.ending.test_deliver import message_types, open_connections, revoke_tickets
from tests.runtime.support.world import ARN, DOWNLOAD_ID, World


def assert_nothing_opened(world: World) -> None:
    """Assert that no connection was stored and no replay requested."""
    assert not world.connections.rows
    assert not any(row.connection_ids for row in world.downloads.rows.values())
    assert not world.functions.started


@pytest.mark.parametrize("claimed_arn", [None, ARN])
def test_ticket_opens_its_download(world: World, claimed_arn: str | None) -> None:
    """The sample's header may name the download as well."""
    ticket = world.put_download()
    world.connect.run("c1", ticket.text, claimed_arn)
    connection = world.connections.rows["c1"]
    assert connection.execution_arn == ARN
    assert connection.connected_at == int(world.clock.now() * 1000)
    assert connection.expires_at > world.clock.now() + 2 * 3600
    assert world.row.connection_ids == {"c1"}
    assert not world.functions.started


def test_ticket_issued_after_a_revocation_opens_a_socket_that_gets_the_file(world: World) -> None:
    revoked_ticket = world.put_download(status=Status.READY)
    world.connect.run("before", revoked_ticket.text)
    revoke_tickets(world)
    ticket = tickets.issue(DOWNLOAD_ID)
    world.downloads.replace_tickets(ARN, (), (ticket.hash,))
    world.connect.run("after", ticket.text)
    for name in ("before", "after"):
        world.sockets.accept(name)
    world.deliver.run(ARN)
    assert (message_types(world, "before"), message_types(world, "after")) == ([], ["ready"])
    with pytest.raises(TicketRefusedError):
        world.connect.run("again", revoked_ticket.text)


def test_socket_stays_valid_after_its_ticket_was_dropped_for_newer_ones(world: World) -> None:
    """Five further requests with the same Idempotency-Key drop the ticket without revoking it."""
    ticket = world.put_download(status=Status.READY)
    world.connect.run("c1", ticket.text)
    world.sockets.accept("c1")
    world.downloads.replace_tickets(ARN, (ticket.hash,), tuple(letter * 64 for letter in "abcde"))
    world.deliver.run(ARN)
    assert message_types(world, "c1") == ["ready"]


def test_revocation_during_the_handshake_refuses_the_connection(world: World) -> None:
    """The row was read before the tickets were revoked."""
    ticket = world.put_download()

    def revoke_before_open(operation: str) -> None:
        if operation == "connections.open":
            revoke_tickets(world)

    world.connections.before_call = revoke_before_open
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text)
    assert_nothing_opened(world)


@pytest.mark.parametrize("text", [None, ""])
def test_connect_without_a_ticket_is_refused_even_with_the_arn(world: World, text: str | None) -> None:
    world.put_download()
    with pytest.raises(TicketRequiredError):
        world.connect.run("c1", text, ARN)
    assert_nothing_opened(world)


def test_malformed_foreign_or_unknown_ticket_is_refused(world: World) -> None:
    world.put_download()
    for text in ("x", tickets.issue(DOWNLOAD_ID).text, tickets.issue("f" * 32).text):
        with pytest.raises(TicketRefusedError):
            world.connect.run("c1", text)
    assert_nothing_opened(world)


@pytest.mark.parametrize("claimed_arn", ["", "x", ARN + "x", ARN[:-1] + "b"])
def test_header_with_another_arn_than_the_tickets_is_refused(world: World, claimed_arn: str) -> None:
    ticket = world.put_download()
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text, claimed_arn)
    assert_nothing_opened(world)


def test_expired_download_does_not_open(world: World) -> None:
    """TTL may remove the row days late."""
    ticket = world.put_download(expires_at=int(world.clock.now()))
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text)
    assert_nothing_opened(world)


def test_ticket_replaced_between_read_and_transaction_is_refused(world: World) -> None:
    ticket = world.put_download()
    world.connections.before_call = lambda operation: (
        world.downloads.rows.update({ARN: replace(world.row, ticket_hashes=())})
        if operation == "connections.open"
        else None
    )
    with pytest.raises(TicketRefusedError):
        world.connect.run("c1", ticket.text)
    assert_nothing_opened(world)


def test_connection_limit_holds_until_one_disconnects(world: World) -> None:
    ticket = world.put_download()
    for name in ("c1", "c2", "c3"):
        world.connect.run(name, ticket.text)
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}
    world.disconnect.run("c2")
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c3", "c4"}


def fill_connections(world: World, *, age: float = 60.0) -> tickets.Ticket:
    """Open as many connections as a download may have and return its ticket; the first is the oldest."""
    ticket = world.put_download()
    for number, name in enumerate(("c1", "c2", "c3")):
        open_connections(world, name, age=age - number)
    return ticket


def test_connection_that_is_gone_makes_room_at_the_limit(world: World) -> None:
    """`$disconnect` is best effort."""
    ticket = fill_connections(world)
    world.sockets.drop("c2")
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == set(world.connections.rows) == {"c1", "c3", "c4"}


def test_connection_without_a_live_row_makes_room_without_a_call(world: World) -> None:
    """One row has expired, and one is missing."""
    ticket = fill_connections(world)
    del world.connections.rows["c1"]
    now = int(world.clock.now())
    world.connections.rows["c2"] = replace(world.connections.rows["c2"], expires_at=now)
    world.sockets.before_call = lambda operation: pytest.fail(operation)
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == set(world.connections.rows) == {"c3", "c4"}


def test_connection_younger_than_ten_seconds_is_not_evicted(world: World) -> None:
    """Its handshake may not have ended."""
    ticket = fill_connections(world, age=8.0)
    for name in ("c1", "c2", "c3"):
        world.sockets.drop(name)
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}
    world.clock.sleep(10)
    world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c4"}


def test_connection_whose_check_failed_is_not_evicted(world: World) -> None:
    ticket = fill_connections(world)
    for name in ("c1", "c2", "c3"):
        world.sockets.errors[name] = [ServiceError("GetConnection", "LimitExceededException")]
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("c4", ticket.text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}


def test_refusal_at_the_limit_checks_three_connections_only(world: World) -> None:
    world.connect = replace(world.connect, limit=20)
    ticket = world.put_download()
    open_connections(world, *(f"c{number}" for number in range(20)))
    operations: list[str] = []
    world.sockets.before_call = operations.append
    with pytest.raises(TooManyConnectionsError):
        world.connect.run("late", ticket.text)
    assert operations == ["sockets.is_open"] * MAX_CHECKED


def test_wrong_ticket_checks_and_evicts_no_connection(world: World) -> None:
    fill_connections(world)
    world.sockets.drop("c1")
    with pytest.raises(TicketRefusedError):
        world.connect.run("c4", tickets.issue(DOWNLOAD_ID).text)
    assert world.row.connection_ids == {"c1", "c2", "c3"}
    assert not world.connections.calls


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_finished_download_is_replayed_to_the_new_connection(world: World, status: Status) -> None:
    """The connection is stored before the replay is requested."""
    ticket = world.put_download(status=status)
    is_stored: list[bool] = []
    world.functions.before_call = lambda _operation: is_stored.append("c1" in world.connections.rows)
    world.connect.run("c1", ticket.text)
    assert world.functions.started == [("deliver", {"executionArn": ARN, "connectionId": "c1"})]
    assert is_stored == [True]


def test_download_that_ends_during_the_handshake_is_replayed(world: World) -> None:
    """The row is read again after the transaction."""
    ticket = world.put_download()

    def finish(operation: str) -> None:
        if operation == "connections.open":
            world.downloads.rows[ARN] = replace(world.row, status=Status.READY)

    world.connections.before_call = finish
    world.connect.run("c1", ticket.text)
    assert len(world.functions.started) == 1


@pytest.mark.parametrize("failing_operation", ["downloads.get", "functions.start"])
def test_failed_handshake_leaves_no_rows(world: World, failing_operation: str) -> None:
    """API Gateway sends no `$disconnect` for a refused handshake."""
    ticket = world.put_download(status=Status.READY if failing_operation.startswith("functions") else Status.COPYING)

    def fail(operation: str) -> None:
        if operation == failing_operation and world.connections.rows:
            raise ServiceError("Call", "InternalServerError")

    world.functions.before_call = world.downloads.before_call = fail
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
def test_invalid_ticket_costs_at_most_one_read_and_no_write(world: World, text: str | None, reads: int) -> None:
    world.put_download()
    with pytest.raises((TicketRefusedError, TicketRequiredError)):
        world.connect.run("c1", text)
    assert world.downloads.calls.total() == world.downloads.calls["get"] == reads
    assert not world.connections.calls


def test_connecting_costs_two_reads_and_one_transaction(world: World) -> None:
    ticket = world.put_download()
    world.connect.run("c1", ticket.text)
    assert world.downloads.calls == {"get": 2}
    assert world.connections.calls == {"open": 1}
    ticket = world.put_download(status=Status.READY)
    world.downloads.calls.clear()
    world.connect.run("c2", ticket.text)
    assert world.downloads.calls == {"get": 1}


def test_disconnecting_costs_two_item_operations(world: World) -> None:
    ticket = world.put_download(status=Status.READY)
    world.connect.run("c1", ticket.text)
    world.downloads.calls.clear()
    world.connections.calls.clear()
    world.disconnect.run("c1")
    assert world.connections.calls + world.downloads.calls == {"delete": 1, "remove_connection": 1}
    assert not world.connections.rows
    assert world.row.connection_ids == frozenset()
    assert world.row.status is Status.READY


def test_repeated_or_unknown_disconnect_is_harmless(world: World) -> None:
    ticket = world.put_download()
    world.connect.run("c1", ticket.text)
    world.disconnect.run("c1")
    world.disconnect.run("c1")
    world.disconnect.run("never")
    del world.downloads.rows[ARN]
    world.disconnect.run("c1")
