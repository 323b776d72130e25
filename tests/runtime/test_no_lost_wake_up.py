"""No client that stays connected misses the outcome, in whatever order things happen, and no row is left."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import DownloadFinishedError
from runtime.logic import parallel, tell
from runtime.models import Download, Failure, Status
from tests.runtime.fakes import FakeDownloads
from tests.runtime.schedule import Schedule
from tests.runtime.world import ARN, STORED, World

KINDS = {Status.READY: "ready", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}
FAILURE = Failure("ORIGIN_ERROR", "No.")


class Story:
    """A download, its clients and its end, acted step by step."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        self.schedule = Schedule(choose)
        self.world = World(self.schedule)
        self.world.connect = replace(self.world.connect, limit=10)
        for port in (self.world.downloads, self.world.connections, self.world.sockets, self.world.functions):
            port.before = self.schedule.before
        self.ticket = self.world.has()
        self.staying: set[str] = set()
        self.world.functions.run = self._invoked

    def client(self, name: str, drops: int, *, stays: bool) -> None:
        """Connects, drops and comes back so many times, and stays or leaves for good."""

        def live() -> None:
            for number in range(drops + 1):
                connection_id = f"{name}-{number}"
                self.world.connect(connection_id, self.ticket.text)
                self.schedule.before("handshake")
                self.world.sockets.accept(connection_id)
                self.schedule.before("open")
                if number < drops or not stays:
                    self.world.sockets.drop(connection_id)
                    self.schedule.before("closed")
                    self.world.disconnect(connection_id)
            if stays:
                self.staying.add(f"{name}-{drops}")

        self.schedule.spawn(name, live)

    def ends(self, how: Status) -> None:
        """The worker, and what the state machine does after it."""

        def ready() -> None:
            if self.world.downloads.finish(ARN, stored=STORED, upload_id=None, now=self.schedule.now()):
                self.world.deliver(ARN)
            else:
                self.world.fail(ARN, FAILURE)

        def cancelled() -> None:
            try:
                self.world.cancel(self.world.row)
            except DownloadFinishedError:
                return

        acts = {
            Status.READY: ready,
            Status.FAILED: lambda: self.world.fail(ARN, FAILURE),
            Status.CANCELLED: cancelled,
        }
        self.schedule.spawn(str(how), acts[how])

    def event(self) -> None:
        """The status-change event, at any moment after the end."""

        def late() -> None:
            while not self.world.row.status.is_final:
                self.schedule.sleep(0.0)
            self.world.fail(ARN, FAILURE)

        self.schedule.spawn("event", late)

    def heard(self, connection_id: str) -> list[str]:
        """The endings that a connection was told of."""
        said = [json.loads(data)["type"] for data in self.world.sockets.received[connection_id]]
        return [kind for kind in said if kind in KINDS.values()]

    def _invoked(self, function: str, payload: Mapping[str, object]) -> None:
        act: Callable[[], object] = partial(self.world.fail, ARN, FAILURE)
        if function == "deliver":
            act = partial(self.world.deliver, ARN, str(payload["connectionId"]))
        self.schedule.spawn(f"{function}-{len(self.schedule.actors)}", act)


@contextmanager
def one_after_the_other() -> Iterator[None]:
    """Posting without threads of its own: the schedule alone decides the order."""

    def each(work: Callable[[str], object], items: Iterable[str]) -> list[object]:
        return [work(item) for item in items]

    with mock.patch.object(parallel, "each", each):
        yield


def check(story: Story, clients: list[tuple[int, bool]], ends: list[Status], *, event: bool) -> None:
    """Play one story to its end and check what is left of it."""
    for number, (drops, stays) in enumerate(clients):
        story.client(f"client{number}", drops, stays=stays)
    for how in ends:
        story.ends(how)
    if event:
        story.event()
    with one_after_the_other():
        story.schedule.run()
    final = story.world.row.status
    assert final in ends
    for connection_id in story.staying:
        assert KINDS[final] in story.heard(connection_id), f"{connection_id} was never told"
    for connection_id in story.world.sockets.received:
        assert set(story.heard(connection_id)) <= {KINDS[final]}, f"{connection_id} was told something else"
    assert set(story.world.connections.rows) == story.staying
    assert story.world.row.connection_ids == story.staying


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
CLIENTS = st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(clients=CLIENTS, ends=ENDS, event=st.booleans(), order=st.randoms(use_true_random=False))
def test_any_order_of_connecting_dropping_and_ending(
    clients: list[tuple[int, bool]], ends: list[Status], event: bool, order: random.Random
) -> None:
    """Whoever stays hears the end that the row has, and nobody hears another."""
    check(Story(order.randrange), clients, ends, event=event)


@pytest.mark.parametrize("end", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_one_client_and_one_end_in_every_order(end: Status) -> None:
    """All schedules of the two, counted out rather than drawn."""
    heard: set[int] = set()
    for order in range(2**8):
        bits = iter(f"{order:08b}")

        def choose(count: int, bits: Iterator[str] = bits) -> int:
            return min(int(next(bits, "0")), count - 1)

        story = Story(choose)
        check(story, [(0, True)], [end], event=False)
        heard.add(len(story.heard("client0-0")))
    assert heard <= {1, 2}
    assert 1 in heard


@pytest.mark.parametrize("mistake", ["a stale second look", "a young connection taken for gone"])
def test_the_check_would_notice_a_lost_wake_up(mistake: str) -> None:
    """With either guard gone, some order loses the news."""
    lost = 0
    guard = mock.patch.object(tell, "YOUNG_SECONDS", 0.0) if mistake.startswith("a young") else nullcontext()
    for seed in range(60):
        order = random.Random(seed)
        story = Story(order.randrange)
        if mistake.startswith("a stale"):
            story.world.connect = replace(story.world.connect, downloads=Stale(story.world.downloads))
        with guard:
            try:
                check(story, [(0, True)], [Status.READY], event=False)
            except AssertionError:
                lost += 1
    assert lost


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
