"""A client that stays connected never misses the end, in any order of events, and no row is left."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.tests.support.examples import some
from runtime import parallel
from runtime.logic.sockets import notifier
from runtime.models import Download, Status
from tests.runtime.support.fakes import FakeDownloads
from tests.runtime.support.scenarios import FINAL_TYPES, Client, Fault, Scenario


@contextmanager
def sequential_posts() -> Iterator[None]:
    """Post without extra threads, so that the schedule alone decides the order."""

    def map_in_order(work: Callable[[str], object], items: Iterable[str]) -> list[object]:
        return [work(item) for item in items]

    with mock.patch.object(parallel, "map_each", map_in_order):
        yield


def run_and_check(
    scenario: Scenario,
    clients: Sequence[Client],
    statuses: Sequence[Status],
    *,
    status_event: bool = False,
    stale_connections: bool = False,
) -> None:
    """Run a scenario to its end and check what clients received and what is left."""
    if stale_connections:
        scenario.add_stale_connections()
    for number, client in enumerate(clients):
        scenario.add_client(f"client{number}", client)
    for status in statuses:
        scenario.add_end(status)
    if status_event:
        scenario.add_status_event()
    with sequential_posts():
        scenario.run()
    final = scenario.world.row.status
    assert final in {*statuses, *(Status.CANCELLED for client in clients if client.says == "cancel")}
    for name in scenario.staying_clients():
        assert scenario.was_notified(name), f"{name} was never told"
    for connection_id in scenario.world.sockets.received:
        assert set(scenario.final_messages(connection_id)) <= {FINAL_TYPES[final]}, (
            f"{connection_id} was told something else"
        )
    if scenario.failed is None or scenario.failed.operation != "idle_closer.start":  # then TTL is left to clean up
        assert not scenario.world.connections.rows
        assert not scenario.world.row.connection_ids
        assert not scenario.world.sockets.opens_at, "a socket stayed open"


END_STATUSES = st.sampled_from(
    [
        [Status.READY],
        [Status.FAILED],
        [Status.CANCELLED],
        [Status.READY, Status.CANCELLED],
        [Status.READY, Status.FAILED],
        [Status.FAILED, Status.CANCELLED],
    ]
)
CLIENTS = st.lists(
    st.builds(
        Client,
        drops=st.integers(0, 2),
        stays=st.booleans(),
        says=st.sampled_from([None, "status", "refresh", "ping", "cancel", "dance"]),
        vanishes=st.booleans(),
        unnoticed=st.booleans(),
    ),
    min_size=1,
    max_size=3,
)
FAULTS = st.builds(
    Fault,
    st.sampled_from(
        [
            "idle_closer.start",
            "connections.delete",
            "connections.delete_idle",
            "connections.get",
            "connections.open",
            "connections.use",
            "downloads.cancel",
            "downloads.fail",
            "downloads.finish",
            "downloads.get",
            "downloads.remove_connection",
            "downloads.record_notified",
            "functions.start",
            "sockets.close",
            "sockets.is_open",
            "sockets.post",
        ]
    ),
    st.integers(1, 6),
)


SHARES, SCHEDULES = 4, 100  # side by side; 60 schedules find each mistake


@pytest.mark.parametrize("share", range(SHARES))
@settings(max_examples=some(SCHEDULES, share=4), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_client_that_stays_gets_the_end_in_any_order(share: int, data: st.DataObject) -> None:
    """In random orders with random faults, no client gets another end, and no row and no socket is left."""
    order = data.draw(st.randoms(use_true_random=True), label=f"order, share {share}")
    fault = data.draw(st.none() | FAULTS, label="fault")
    scenario = Scenario(
        order.randrange,
        limit=data.draw(st.sampled_from([1, 2, 10]), label="limit"),
        fault=fault,
        twice=data.draw(st.booleans(), label="twice"),
    )
    clients, statuses = data.draw(CLIENTS, label="clients"), data.draw(END_STATUSES, label="ends")
    status_event, stale_connections = data.draw(st.booleans(), label="event"), data.draw(st.booleans(), label="ghosts")
    run_and_check(scenario, clients, statuses, status_event=status_event, stale_connections=stale_connections)


ENDS = [Status.READY, Status.FAILED, Status.CANCELLED]


def orders_of(status: Status) -> range:
    """Return the orders of eight choices; with `--examples few`, a quarter of them unless the end is READY."""
    return range(0, 2**8, 1 if status is Status.READY else 2**8 // some(2**8, share=4))


@pytest.mark.parametrize("status", ENDS)
def test_one_client_gets_the_end_in_any_order_of_eight_choices(status: Status) -> None:
    message_counts: set[int] = set()
    for order in orders_of(status):
        bits = iter(f"{order:08b}")

        def choose(count: int, bits: Iterator[str] = bits) -> int:
            return min(int(next(bits, "0")), count - 1)

        scenario = Scenario(choose)
        run_and_check(scenario, [Client()], [status])
        message_counts.add(
            sum(len(scenario.final_messages(connection_id)) for connection_id in scenario.world.sockets.received)
        )
    assert message_counts <= {1, 2}
    assert 1 in message_counts


MISTAKE_SEEDS = {
    "a stale second look": 60,
    "a young connection taken for gone": 60,
    "rows of a handshake that failed": 60,
    "no idle closer": 20,
}


def fails_with(mistake: str, order: random.Random) -> bool:
    """Return True if a scenario with this mistake fails its check."""
    scenario = Scenario(order.randrange)
    clients, ends = [Client()], [Status.READY]
    guard: AbstractContextManager[object] = nullcontext()
    if mistake == "a stale second look":
        scenario.world.connect = replace(scenario.world.connect, downloads=StaleDownloads(scenario.world.downloads))
    elif mistake == "a young connection taken for gone":
        guard = mock.patch.object(notifier, "YOUNG_SECONDS", 0.0)
    elif mistake == "rows of a handshake that failed":
        scenario = Scenario(order.randrange, fault=Fault("functions.start", 1))
        guard = mock.patch.object(scenario.world.connections, "delete", return_value=None)
        clients = [Client(stays=False)]
    elif mistake == "no idle closer":
        scenario.world.idle_closer.after_start = lambda _arn, _ids, _since: None
    with guard:
        try:
            run_and_check(scenario, clients, ends)
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("mistake", MISTAKE_SEEDS)
def test_check_notices_each_mistake(mistake: str) -> None:
    """Without a guard, some order loses the message or leaves a row."""
    assert any(fails_with(mistake, random.Random(seed)) for seed in range(MISTAKE_SEEDS[mistake]))


class StaleDownloads(FakeDownloads):
    """A table whose second read returns the first result."""

    def __init__(self, downloads: FakeDownloads) -> None:
        super().__init__()
        self._downloads = downloads
        self._first_result: Download | None = None

    def get(self, execution_arn: str) -> Download | None:
        """Return the result of the first read."""
        result = self._downloads.get(execution_arn)
        self._first_result = self._first_result or result
        return self._first_result
