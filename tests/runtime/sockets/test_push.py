"""Posts that API Gateway throttles: retried within a time budget, spread, counted, then left to the next attempt."""

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
from tests.runtime.ending.test_deliver import message_types, open_connections, outcome_counts
from tests.runtime.support.fakes.hooks import fail_once_at
from tests.runtime.support.world import ARN, World

THROTTLED = TransientServiceError("PostToConnection", "LimitExceededException")
SPEED = 5  # times as fast as a real clock


class FastClock:
    """A clock that threads can share, `SPEED` times as fast as the real one."""

    def now(self) -> float:
        return time.time() * SPEED

    def monotonic(self) -> float:
        return time.monotonic() * SPEED

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)


class TokenBucket:
    """A token bucket like API Gateway's throttling; each accepted post takes a token."""

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


def test_throttled_connection_is_retried_for_the_whole_budget(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    ends_at = world.clock.now() + 9.0

    def throttle(_operation: str) -> None:
        if world.clock.now() < ends_at:
            raise THROTTLED

    world.sockets.before_call = throttle
    assert world.deliver.run(ARN) == outcome_counts(posted=1)
    assert 9.0 <= sum(world.clock.slept) <= 9.5
    assert message_types(world, "c1") == ["ready"]


def test_100_connections_get_through_a_rate_of_30_a_second() -> None:
    """This takes at least 3 s, without many more attempts than needed."""
    clock = FastClock()
    bucket = TokenBucket(clock, rate=30, burst=10)
    outcomes = Pushes(clock, bucket.attempt).run([f"c{number}" for number in range(100)])
    assert PushCounts.of(outcomes) == PushCounts(posted=100)
    assert bucket.attempts < 1000


def test_every_connection_is_tried_once_before_any_is_retried(world: World) -> None:
    attempts: list[str] = []
    lock = threading.Lock()

    def attempt(connection_id: str) -> PushOutcome:
        with lock:
            attempts.append(connection_id)
        return PushOutcome.POSTED if connection_id == "z" else PushOutcome.BUSY

    ids = [f"c{number}" for number in range(99)] + ["z"]
    outcomes = Pushes(world.clock, attempt).run(ids)
    assert set(attempts[:100]) >= {"z"}
    assert PushCounts.of(outcomes) == PushCounts(posted=1, busy=99)


@pytest.mark.parametrize("code", ["ForbiddenException", "BadRequestException", "PayloadTooLargeException"])
def test_permanently_refused_post_is_counted_and_not_retried(
    world: World, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another attempt of the execution would end the same way."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.sockets.errors["c1"] = [ServiceError("PostToConnection", code)] * 2
    assert world.deliver.run(ARN) == outcome_counts(refused=1)
    assert world.clock.slept == []
    assert len(world.sockets.errors["c1"]) == 1
    assert log_entry(capsys, "pushesGivenUp")["pushesGivenUp"] == 1


def test_given_up_posts_are_logged_in_one_line_with_all_counts(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2")
    world.sockets.errors["c2"] = [THROTTLED] * 1000
    assert world.deliver.run(ARN) == outcome_counts(posted=1, busy=1)
    entry = log_entry(capsys, "pushesGivenUp")
    assert entry["level"] == "WARN"
    assert (entry["type"], entry["executionArn"]) == ("ready", ARN)
    assert {name: entry[name] for name in outcome_counts()} == outcome_counts(posted=1, busy=1)
    assert entry["pushesGivenUp"] == 1


def test_delivery_that_reached_no_connection_raises_for_another_attempt(world: World) -> None:
    """Step Functions, or Lambda after a minute, calls it again; the message keeps its id."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2")
    world.sockets.drop("c1")
    world.sockets.errors["c2"] = [THROTTLED] * 1000
    with pytest.raises(PushesGivenUpError, match="1 pushes were given up"):
        world.deliver.run(ARN)
    world.sockets.errors.clear()
    assert world.deliver.run(ARN) == outcome_counts(posted=1)


def test_delivery_that_reached_a_connection_is_not_repeated(world: World) -> None:
    """A repeat would post to all again and add to the throttling; the other clients ask."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2")
    world.sockets.errors["c2"] = [THROTTLED] * 1000
    assert world.deliver.run(ARN)["pushesGivenUp"] == 1


def test_failure_that_reached_no_connection_is_stored_and_sent_again(world: World) -> None:
    """The row says that clients were notified only once they were."""
    world.put_download()
    open_connections(world, "c1")
    world.sockets.errors["c1"] = [THROTTLED] * 1000
    with pytest.raises(PushesGivenUpError):
        world.fail.run(ARN, Failure("ORIGIN_ERROR", "No."))
    assert (world.row.status, world.row.notified_at) == (Status.FAILED, None)
    world.sockets.errors.clear()
    assert world.fail.run(ARN, Failure("ORIGIN_ERROR", "No.")) == {"status": "FAILED"}
    assert message_types(world, "c1") == ["failed"]
    assert world.row.notified_at is not None


def test_throttled_read_of_a_connection_is_repeated(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1", "c2")
    failures = TransientServiceError("GetItem", "InternalServerError"), ServiceError("GetItem", "AccessDeniedException")
    for failure, counts in zip(failures, ({"posted": 2}, {"posted": 1, "refused": 1}), strict=True):
        world.connections.before_call = fail_once_at("connections.get", failure)
        assert world.deliver.run(ARN) == outcome_counts(**counts)


def test_connection_is_read_once_however_often_it_is_retried(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    reads: list[str] = []
    world.connections.before_call = reads.append
    world.sockets.errors["c1"] = [THROTTLED] * 5
    assert world.deliver.run(ARN) == outcome_counts(posted=1)
    assert reads == ["connections.get"]


def test_progress_message_is_tried_once_and_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The next one replaces it."""
    world.put_download(status=Status.COPYING, copied_bytes=5)
    open_connections(world, "c1", "c2", "c3")
    world.sockets.drop("c2")
    world.sockets.errors["c3"] = [THROTTLED] * 2
    send_progress(world.sockets, world.row, None)
    assert len(world.sockets.errors["c3"]) == 1
    entry = log_entry(capsys, "pushesGivenUp")
    assert (entry["pushesGivenUp"], entry["posted"], entry["type"]) == (1, 2, "progress")
    send_progress(world.sockets, replace(world.row, connection_ids=frozenset({"c1"})), None)
    assert capsys.readouterr().out == ""


def test_throttled_answer_is_retried_and_counted_if_given_up(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.sockets.errors["c1"] = [THROTTLED] * 5
    world.client_message.run("c1", '{"action": "status"}', "m1")
    assert "url" in json.loads(world.sockets.received["c1"][0])
    world.sockets.errors["c1"] = [THROTTLED] * 1000
    world.client_message.run("c1", '{"action": "status"}', "m2")
    assert log_entry(capsys, "pushesGivenUp")["pushesGivenUp"] == 1


def test_budget_is_less_than_the_timeout_of_the_functions() -> None:
    """`message` has 20 s, the rest of which is for its tables and for signing."""
    assert push.BUDGET_SECONDS < 10


def test_delivery_without_connections_is_not_logged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.put_download(status=Status.READY)
    notifier = Notifier(world.downloads, world.connections, world.sockets, world.clock, None)
    assert notifier.send(world.row, [], messages.download_message(world.row)) == PushCounts()
    assert capsys.readouterr().out == ""


def log_entry(capsys: pytest.CaptureFixture[str], step: str) -> dict[str, object]:
    """Return the only log entry of this step."""
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    (entry,) = [entry for entry in lines if entry["step"] == step]
    return dict(entry)
