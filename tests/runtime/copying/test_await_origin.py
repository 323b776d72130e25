"""Waits for an origin that prepares the file or is overloaded, as the state machine and clients see them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runtime.errors import OriginError, OriginPreparingError, ServiceError, TimedOutError
from runtime.logic.copying.await_origin import MAX_SECONDS, delay
from runtime.models import Failure, Preparation, Status, Target, iso
from tests.runtime.support.copying import assert_nothing_left, assert_stored, cancel_hook, is_failure
from tests.runtime.support.fakes import FakeBody
from tests.runtime.support.world import ARN, ORIGIN, PART, OriginFile, World, content_of

DAY = 86_400.0
LARGE = 40 * PART


def answer(retry_after: float | None = None) -> OriginPreparingError:
    """Return the error of an origin that answers 202."""
    return OriginPreparingError("The origin answered HTTP 202.", target=None, retry_after=retry_after)


def delays(seconds: float, retry_after: float | None = None) -> list[float]:
    """Return the delays of an origin that prepares for ever, until the download ends."""
    waits: list[float] = []
    try:
        while True:
            waits.append(delay(len(waits), answer(retry_after), seconds - sum(waits)))
    except (TimedOutError, OriginError):
        return waits


def put_preparing(world: World, *answers: FakeBody, size: int = 3 * PART, **fields: object) -> OriginFile:
    """Make the origin give these answers before it serves the file."""
    return world.put_file(OriginFile(content_of(size), first_answers=list(answers)), **fields)


def test_delay_grows_without_retry_after_and_is_never_below_it() -> None:
    assert delays(DAY)[:8] == [5.0, 15.0, 45.0, 135.0, 405.0, 900.0, 900.0, 900.0]
    assert delays(DAY, 0.0)[:3] == [5.0, 15.0, 45.0]
    assert delays(DAY, 100.0)[:6] == [100.0, 100.0, 100.0, 135.0, 405.0, 900.0]
    assert delays(DAY, 4000.0)[:3] == [4000.0] * 3


@pytest.mark.parametrize("seconds", [300.0, 3600.0, DAY])
def test_last_request_comes_shortly_before_the_end_of_the_download(seconds: float) -> None:
    waits = delays(seconds)
    assert seconds - 35 <= sum(waits) <= seconds - 30
    assert all(5.0 <= wait <= MAX_SECONDS for wait in waits)


def test_wait_of_thirty_days_fits_in_the_history_of_an_execution() -> None:
    """A request takes nine of the 25,000 events: five of the task, two of the choice, two of the wait."""
    assert 9 * len(delays(30 * DAY)) < 20_000


def test_retry_after_beyond_the_end_fails_at_once() -> None:
    with pytest.raises(OriginError, match="ends before that"):
        delay(0, answer(100.0), 100.0)
    assert delay(0, answer(99.0), 100.0) == 99.0


def test_202_waits_and_the_file_is_copied_afterwards(world: World) -> None:
    file = put_preparing(world, FakeBody(202, {"retry-after": "300"}), FakeBody(202))
    assert world.copy() == {"outcome": "PREPARING", "seconds": 300}
    assert (world.row.status, world.row.next_request_at) == (Status.PREPARING, world.clock.now() + 300)
    world.clock.sleep(300)
    assert world.copy() == {"outcome": "PREPARING", "seconds": 15}
    world.clock.sleep(15)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert len(world.origins.requests) == 4
    assert world.row.preparation is None


def test_ten_minutes_with_a_retry_after_of_five_cost_fewer_than_twelve_transitions(world: World) -> None:
    """A run of the worker costs three: Copy, Stored?, and AwaitOrigin or Deliver."""
    file = put_preparing(world, FakeBody(202, {"retry-after": "300"}), FakeBody(202, {"retry-after": "300"}))
    began, runs = world.clock.now(), 1
    while (outcome := world.copy())["outcome"] == "PREPARING":
        world.clock.sleep(float(str(outcome["seconds"])))
        runs += 1
    assert_stored(world, file.content)
    assert (world.clock.now() - began, 3 * runs) == (600.0, 9)


def test_next_request_is_at_the_location_for_all_ranges(world: World) -> None:
    file = put_preparing(world, FakeBody(202, {"location": "jobs/7?sig=1"}), FakeBody(202, {"location": "8"}))
    for wait in (5, 15):
        assert world.copy() == {"outcome": "PREPARING", "seconds": wait}
        world.clock.sleep(wait)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    urls = [request.url.removeprefix(ORIGIN.base_url) for request in world.origins.requests]
    assert urls == ["a/b.csv", "a/jobs/7?sig=1", "a/jobs/8", "a/jobs/8"]


@pytest.mark.parametrize(
    ("status", "code"), [(404, "ORIGIN_NOT_FOUND"), (403, "ORIGIN_REFUSED"), (400, "ORIGIN_ERROR")]
)
def test_failure_after_202_fails_the_download(world: World, status: int, code: str) -> None:
    put_preparing(world, FakeBody(202), FakeBody(status), FakeBody(status))  # again to the plain GET
    world.copy()
    world.clock.sleep(5)
    assert is_failure(code, world.copy())
    assert_nothing_left(world)


def test_location_that_is_not_allowed_fails_the_download(world: World) -> None:
    put_preparing(world, FakeBody(202, {"location": "https://169.254.169.254/?sig=s3cret"}))
    outcome = world.copy()
    assert is_failure("ORIGIN_ADDRESS_REFUSED", outcome)
    assert "s3cret" not in str(outcome)
    assert world.row.status is Status.PENDING


def test_202_for_ever_ends_with_a_time_out(world: World) -> None:
    put_preparing(world, *[FakeBody(202) for _ in range(50)])
    while (outcome := world.copy())["outcome"] == "PREPARING":
        world.clock.sleep(float(str(outcome["seconds"])))
    assert is_failure("TIMED_OUT", outcome)
    assert world.row.expires_at - 35 <= world.clock.now() <= world.row.expires_at
    world.fail.run(ARN, Failure("TIMED_OUT", "x"))
    assert (world.row.status, world.row.preparation) == (Status.FAILED, None)
    assert_nothing_left(world)


@pytest.mark.parametrize("status", [202, 503])
def test_retry_after_beyond_the_end_is_a_typed_failure(world: World, status: int) -> None:
    put_preparing(world, FakeBody(status, {"retry-after": "3600"}))
    outcome = world.copy()
    assert is_failure("ORIGIN_ERROR", outcome)
    assert "after 3600 s. This download ends before that." in str(outcome)
    assert world.clock.slept == []


def test_worker_that_runs_again_too_early_keeps_the_wait(world: World) -> None:
    """Step Functions repeats a task whose answer was lost."""
    put_preparing(world, FakeBody(202, {"retry-after": "300"}))
    world.copy()
    row = world.row
    world.clock.sleep(100.5)
    assert world.copy() == {"outcome": "PREPARING", "seconds": 200}
    assert len(world.origins.requests) == 1
    assert world.row == row


def test_answer_to_two_workers_at_once_is_recorded_once(world: World) -> None:
    """The second worker returns the wait of the first, whose clients were notified."""
    put_preparing(world, FakeBody(202, {"retry-after": "100"}))
    recorded = Preparation(1, world.clock.now() + 40)

    def record(operation: str) -> None:
        if operation == "downloads.prepare":
            world.downloads.rows[ARN] = replace(world.row, status=Status.PREPARING, preparation=recorded)

    world.downloads.before_call = record
    assert world.copy() == {"outcome": "PREPARING", "seconds": 40}
    assert world.row.preparation == recorded


def test_cancel_while_the_origin_answers_202_ends_the_download(world: World) -> None:
    put_preparing(world, FakeBody(202))
    cancel = cancel_hook(world)
    world.downloads.before_call = lambda operation: cancel() if operation == "downloads.prepare" else None
    assert is_failure("STOPPED", world.copy())
    assert world.row.status is Status.CANCELLED


def test_failing_table_is_left_to_another_attempt(world: World) -> None:
    put_preparing(world, FakeBody(202))

    def fail(operation: str) -> None:
        if operation == "downloads.prepare":
            raise ServiceError("UpdateItem", "ThrottlingException")

    world.downloads.before_call = fail
    with pytest.raises(ServiceError):
        world.copy()


@pytest.mark.parametrize("status", [429, 503])
def test_overloaded_origin_is_waited_for(world: World, status: int) -> None:
    file = put_preparing(world, FakeBody(status, {"retry-after": "60"}))
    assert world.copy() == {"outcome": "PREPARING", "seconds": 60}
    world.clock.sleep(60)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("status", [202, 503])
def test_overload_during_a_copy_starts_it_over_after_the_wait(world: World, status: int) -> None:
    """The upload is aborted before the wait, so that it leaves nothing behind."""
    answer_midway = FakeBody(status, {"retry-after": "60"})
    file = world.put_file(OriginFile(content_of(6 * PART), cuts=[None, 1500]))
    world.origins.answer = lambda request: (
        answer_midway
        if request.headers["Range"] == "bytes=2500-" and not answer_midway.closed
        else file.answer(request)
    )
    assert world.copy() == {"outcome": "PREPARING", "seconds": 60}
    assert (world.objects.uploads, world.row.upload_id, world.row.status) == ({}, None, Status.PREPARING)
    world.clock.sleep(60)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_status_is_copying_again_when_bytes_flow(world: World) -> None:
    put_preparing(world, FakeBody(202), size=LARGE)
    world.copy()
    world.clock.sleep(5)
    statuses: list[Status] = []
    world.objects.before_call = lambda _operation: statuses.append(world.row.status)
    world.copy()
    assert set(statuses) == {Status.COPYING}
    assert world.downloads.calls["resume"] == 1


def test_clients_are_notified_after_the_item_is_written(world: World) -> None:
    put_preparing(world, FakeBody(202, {"retry-after": "90", "location": "7?sig=s3cret"}), FakeBody(202))
    world.downloads.rows[ARN] = replace(world.row, connection_ids=frozenset({"c1", "gone"}))
    world.sockets.accept("c1")
    written: list[Status] = []
    world.sockets.before_call = lambda _operation: written.append(world.row.status)
    world.copy()
    world.clock.sleep(90)
    world.copy()
    assert set(written) == {Status.PREPARING}
    first, second = (json.loads(data) for data in world.sockets.received["c1"])
    assert (first["type"], first["status"]) == ("status", "PREPARING")
    assert first["nextRequestAt"] == iso(world.clock.now())
    assert second["nextRequestAt"] == iso(world.clock.now() + 15)
    assert first["messageId"] != second["messageId"]
    assert "s3cret" not in f"{world.sockets.received}"


def test_preparing_download_that_still_runs_is_not_taken_for_dead(world: World) -> None:
    put_preparing(world, FakeBody(202, {"retry-after": "900"}))
    world.copy()
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.sleep(600)
    assert world.reconcile.run(world.row).status is Status.PREPARING
    world.executions.statuses[ARN] = "TIMED_OUT"
    world.clock.sleep(100)
    assert world.reconcile.run(world.row).status is Status.FAILED
    assert world.row.preparation is None


def test_cancel_of_a_preparing_download_stops_its_execution_and_forgets_the_url(world: World) -> None:
    put_preparing(world, FakeBody(202, {"location": "7?sig=s3cret"}))
    world.copy()
    assert world.row.preparation
    assert world.row.preparation.target == Target(f"{ORIGIN.base_url}a/7?sig=s3cret", gets_secrets=True)
    world.cancel.run(world.row)
    cancelled = world.row
    assert (cancelled.status, cancelled.preparation) == (Status.CANCELLED, None)
    assert world.executions.stopped == [ARN]
    assert is_failure("STOPPED", world.copy())
