"""Pushes that API Gateway throttles: tried again until the budget is spent, spread, counted, and then handed on."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import pytest

from runtime.errors import PushesGivenUpError, ServiceError, TransientServiceError
from runtime.logic.copying.progress import send_progress
from runtime.logic.sockets import messages, push
from runtime.logic.sockets.notifier import Notifier
from runtime.logic.sockets.push import PushCounts, Pushes, PushOutcome
from runtime.models import Failure, Status
from tests.runtime.ending.test_deliver import connected, counts, types
from tests.runtime.support.world import ARN, World

THROTTLED = TransientServiceError("PostToConnection", "LimitExceededException")
FAST = 5  # times as fast as a real clock


class FastClock:
    """A clock that threads can share, `FAST` times as fast as the real one."""

    def now(self) -> float:
        return time.time() * FAST

    def monotonic(self) -> float:
        return time.monotonic() * FAST

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / FAST)


class LimitedRate:
    """API Gateway as it is throttled: a bucket of tokens, of which each accepted post takes one."""

    def __init__(self, clock: FastClock, *, rate: float, burst: int) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = clock.monotonic()
        self._lock = threading.Lock()
        self.attempts = 0

    def attempt(self, _connection_id: str) -> PushOutcome:
        with self._lock:
            self.attempts += 1
            now = self._clock.monotonic()
            self._tokens = min(self._burst, self._tokens + self._rate * (now - self._at))
            self._at = now
            if self._tokens < 1:
                return PushOutcome.BUSY
            self._tokens -= 1
            return PushOutcome.POSTED


def test_a_throttled_socket_is_tried_for_the_whole_budget(world: World) -> None:
    """Far longer than a tenth of a second, and no longer than ten."""
    world.has(status=Status.READY)
    connected(world, "c1")
    freed_at = world.clock.now() + 9.0

    def throttle(_operation: str) -> None:
        if world.clock.now() < freed_at:
            raise THROTTLED

    world.sockets.before = throttle
    assert world.deliver.run(ARN) == counts(posted=1)
    assert 9.0 <= sum(world.clock.slept) <= 9.5
    assert types(world, "c1") == ["ready"]


def test_a_hundred_sockets_are_spread_over_the_budget() -> None:
    """All of them come through a rate of 30 a second, which takes at least 3 s, without hammering it."""
    clock = FastClock()
    limited = LimitedRate(clock, rate=30, burst=10)
    outcomes = Pushes(clock, limited.attempt).run([f"c{number}" for number in range(100)])
    assert PushCounts.of(outcomes) == PushCounts(posted=100)
    assert limited.attempts < 1000


def test_every_socket_is_tried_once_before_any_is_tried_again(world: World) -> None:
    """Sockets that are throttled hold up none of the others, however many they are."""
    order: list[str] = []
    lock = threading.Lock()

    def attempt(connection_id: str) -> PushOutcome:
        with lock:
            order.append(connection_id)
        return PushOutcome.POSTED if connection_id == "z" else PushOutcome.BUSY

    ids = [f"c{number}" for number in range(99)] + ["z"]
    outcomes = Pushes(world.clock, attempt).run(ids)
    assert set(order[:100]) >= {"z"}
    assert PushCounts.of(outcomes) == PushCounts(posted=1, busy=99)


@pytest.mark.parametrize("code", ["ForbiddenException", "BadRequestException", "PayloadTooLargeException"])
def test_what_cannot_mend_is_given_up_at_once_and_counted(
    world: World, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another try would end the same way, so the execution is not failed for it either."""
    world.has(status=Status.READY)
    connected(world, "c1")
    world.sockets.errors["c1"] = [ServiceError("PostToConnection", code)] * 2
    assert world.deliver.run(ARN) == counts(refused=1)
    assert world.clock.slept == []
    assert len(world.sockets.errors["c1"]) == 1
    assert line(capsys, "Pushed to the clients")["pushesGivenUp"] == 1


def test_given_up_pushes_are_in_one_line_of_the_log(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """With the counts of all outcomes, as a number that Logs Insights can filter on."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2")
    world.sockets.errors["c2"] = [THROTTLED] * 1000
    assert world.deliver.run(ARN) == counts(posted=1, busy=1)
    written = line(capsys, "Pushed to the clients")
    assert written["level"] == "WARN"
    assert (written["type"], written["executionArn"]) == ("ready", ARN)
    assert {name: written[name] for name in counts()} == counts(posted=1, busy=1)
    assert written["pushesGivenUp"] == 1


def test_a_delivery_that_reached_nobody_is_to_be_tried_again(world: World) -> None:
    """Step Functions, or Lambda after a minute, calls it again; the message keeps its id."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2")
    world.sockets.drop("c1")
    world.sockets.errors["c2"] = [THROTTLED] * 1000
    with pytest.raises(PushesGivenUpError, match="1 pushes were given up"):
        world.deliver.run(ARN)
    world.sockets.errors.clear()
    assert world.deliver.run(ARN) == counts(posted=1)


def test_a_delivery_that_reached_somebody_is_not_repeated(world: World) -> None:
    """A repeat would push to all again, and so add to what is throttled; the others ask."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2")
    world.sockets.errors["c2"] = [THROTTLED] * 1000
    assert world.deliver.run(ARN)["pushesGivenUp"] == 1


def test_a_failure_that_reached_nobody_is_settled_and_pushed_again(world: World) -> None:
    """The upload is removed at once; the row says that clients were told only when they were."""
    world.has()
    connected(world, "c1")
    world.sockets.errors["c1"] = [THROTTLED] * 1000
    with pytest.raises(PushesGivenUpError):
        world.fail.run(ARN, Failure("ORIGIN_ERROR", "No."))
    assert (world.row.status, world.row.notified_at) == (Status.FAILED, None)
    world.sockets.errors.clear()
    assert world.fail.run(ARN, Failure("ORIGIN_ERROR", "No.")) == {"status": "FAILED"}
    assert types(world, "c1") == ["failed"]
    assert world.row.notified_at is not None


def test_a_table_that_is_busy_is_asked_again(world: World) -> None:
    """Reading one connection's row went wrong."""
    world.has(status=Status.READY)
    connected(world, "c1", "c2")
    broken: list[ServiceError] = [TransientServiceError("GetItem", "InternalServerError")]

    def fail_once(operation: str) -> None:
        if operation == "connections.get" and broken:
            raise broken.pop()

    world.connections.before = fail_once
    assert world.deliver.run(ARN) == counts(posted=2)
    broken.append(ServiceError("GetItem", "AccessDeniedException"))
    assert world.deliver.run(ARN) == counts(posted=1, refused=1)


def test_a_row_is_read_once_however_often_its_socket_is_tried(world: World) -> None:
    """Twenty tries for 100 sockets are two thousand reads otherwise."""
    world.has(status=Status.READY)
    connected(world, "c1")
    reads: list[str] = []
    world.connections.before = reads.append
    world.sockets.errors["c1"] = [THROTTLED] * 5
    assert world.deliver.run(ARN) == counts(posted=1)
    assert reads == ["connections.get"]


def test_a_progress_message_is_tried_once_and_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The next one replaces it; a socket that has gone misses nothing."""
    world.has(status=Status.COPYING, copied_bytes=5)
    connected(world, "c1", "c2", "c3")
    world.sockets.drop("c2")
    world.sockets.errors["c3"] = [THROTTLED] * 2
    send_progress(world.sockets, world.row, None)
    assert len(world.sockets.errors["c3"]) == 1
    written = line(capsys, "Progress messages were given up")
    assert (written["pushesGivenUp"], written["posted"], written["type"]) == (1, 2, "progress")
    send_progress(world.sockets, replace(world.row, connection_ids=frozenset({"c1"})), None)
    assert capsys.readouterr().out == ""


def test_an_answer_that_is_throttled_is_posted_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A client that asks `status` because it missed a push gets its URL; one that is given up is counted."""
    world.has(status=Status.READY)
    connected(world, "c1")
    world.sockets.errors["c1"] = [THROTTLED] * 5
    world.message.run("c1", '{"action": "status"}', "m1")
    assert "url" in json.loads(world.sockets.received["c1"][0])
    world.sockets.errors["c1"] = [THROTTLED] * 1000
    world.message.run("c1", '{"action": "status"}', "m2")
    assert line(capsys, "An answer was given up")["pushesGivenUp"] == 1


def test_the_budget_is_less_than_the_time_that_functions_have() -> None:
    """`message` has 20 s, of which the rest is for its tables and for signing."""
    assert push.BUDGET_SECONDS < 10


def test_nobody_to_tell_is_not_logged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each download without a socket would only cost."""
    world.has(status=Status.READY)
    tell = Notifier(world.downloads, world.connections, world.sockets, world.clock, None)
    assert tell.send(world.row, [], messages.download_message(world.row)) == PushCounts()
    assert capsys.readouterr().out == ""


def line(capsys: pytest.CaptureFixture[str], event: str) -> dict[str, object]:
    """Return the one line of the log that is about this."""
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    (entry,) = [entry for entry in lines if entry["message"] == event]
    return dict(entry)
