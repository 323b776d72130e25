"""No client that stays connected misses the outcome, in whatever order things happen, and no row is left."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime import parallel
from runtime.logic.sockets import notifier
from runtime.models import Download, Status
from tests.runtime.support.fakes import FakeDownloads
from tests.runtime.support.stories import KINDS, Client, Fault, Story


@contextmanager
def one_after_the_other() -> Iterator[None]:
    """Posting without threads of its own: the schedule alone decides the order."""

    def each(work: Callable[[str], object], items: Iterable[str]) -> list[object]:
        return [work(item) for item in items]

    with mock.patch.object(parallel, "map_each", each):
        yield


def check(
    story: Story, clients: Sequence[Client], ends: Sequence[Status], *, event: bool = False, ghosts: bool = False
) -> None:
    """Play one story to its end and check what is left of it: the row of the download, and nothing else."""
    if ghosts:
        story.ghosts()
    for number, client in enumerate(clients):
        story.client(f"client{number}", client)
    for how in ends:
        story.ends(how)
    if event:
        story.event()
    with one_after_the_other():
        story.play()
    final = story.world.row.status
    assert final in {*ends, *(Status.CANCELLED for client in clients if client.says == "cancel")}
    for name in story.staying():
        assert story.told(name), f"{name} was never told"
    for connection_id in story.world.sockets.received:
        assert set(story.endings(connection_id)) <= {KINDS[final]}, f"{connection_id} was told something else"
    if story.failed is None or story.failed.operation != "idle_closer.start":  # then TTL is left to clean up
        assert not story.world.connections.rows
        assert not story.world.row.connection_ids
        assert not story.world.sockets.opens_at, "a socket stayed open"


ENDS = st.sampled_from(
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


@pytest.mark.parametrize("share", range(4))  # of a thousand schedules, so that they run beside each other
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_order_of_whatever_happens(share: int, data: st.DataObject) -> None:
    """Whoever stays hears the end that the row has, nobody hears another, and no row and no socket is left."""
    order = data.draw(st.randoms(use_true_random=False), label=f"order, share {share}")
    fault = data.draw(st.none() | FAULTS, label="fault")
    story = Story(
        order.randrange,
        limit=data.draw(st.sampled_from([1, 2, 10]), label="limit"),
        fault=fault,
        twice=data.draw(st.booleans(), label="twice"),
    )
    clients, ends = data.draw(CLIENTS, label="clients"), data.draw(ENDS, label="ends")
    event, ghosts = data.draw(st.booleans(), label="event"), data.draw(st.booleans(), label="ghosts")
    check(story, clients, ends, event=event, ghosts=ghosts)


@pytest.mark.parametrize("end", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_one_client_and_one_end_in_every_order(end: Status) -> None:
    """All schedules of the two, counted out rather than drawn."""
    heard: set[int] = set()
    for order in range(2**8):
        bits = iter(f"{order:08b}")

        def choose(count: int, bits: Iterator[str] = bits) -> int:
            return min(int(next(bits, "0")), count - 1)

        story = Story(choose)
        check(story, [Client()], [end])
        heard.add(sum(len(story.endings(one)) for one in story.world.sockets.received))
    assert heard <= {1, 2}
    assert 1 in heard


MISTAKES = {
    "a stale second look": 60,
    "a young connection taken for gone": 60,
    "rows of a handshake that failed": 60,
    "no closing": 20,
}


def lost(mistake: str, order: random.Random) -> bool:
    """Whether a story goes wrong with the mistake in it."""
    story = Story(order.randrange)
    clients, ends = [Client()], [Status.READY]
    guard: AbstractContextManager[object] = nullcontext()
    if mistake == "a stale second look":
        story.world.connect = replace(story.world.connect, downloads=Stale(story.world.downloads))
    elif mistake == "a young connection taken for gone":
        guard = mock.patch.object(notifier, "YOUNG_SECONDS", 0.0)
    elif mistake == "rows of a handshake that failed":
        story = Story(order.randrange, fault=Fault("functions.start", 1))
        guard = mock.patch.object(story.world.connections, "delete", return_value=None)
        clients = [Client(stays=False)]
    elif mistake == "no closing":
        story.world.idle_closer.after = lambda _arn, _ids, _since: None
    with guard:
        try:
            check(story, clients, ends)
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_check_would_notice(mistake: str) -> None:
    """With a guard gone, some order loses the news, or leaves something behind."""
    assert any(lost(mistake, random.Random(seed)) for seed in range(MISTAKES[mistake]))


class Stale(FakeDownloads):
    """A table whose second read answers what the first one saw."""

    def __init__(self, downloads: FakeDownloads) -> None:
        super().__init__()
        self._downloads = downloads
        self._seen: Download | None = None

    def get(self, execution_arn: str) -> Download | None:
        """The first answer, for ever."""
        found = self._downloads.get(execution_arn)
        self._seen = self._seen or found
        return self._seen
