"""Failing, cancelling and finding out: every ending is written, told and cleaned up after, however often it is run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runtime.errors import DownloadFinishedError, ServiceError, StorageError
from runtime.logic.ending.fail import failure_of
from runtime.models import Failure, Status
from tests.runtime.ending.test_deliver import connected, types
from tests.runtime.support.fakes import StoredObject, Upload
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, World

FAILURE = Failure("ORIGIN_ERROR", "The origin answered HTTP 500.")


def test_a_failure_is_written_told_and_cleaned_up_after(world: World) -> None:
    """FAILED with its reason, a message, no upload and no object."""
    world.has(status=Status.COPYING, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    world.objects.objects[KEY] = StoredObject(b"x", {"download-id": DOWNLOAD_ID}, "text/csv")
    connected(world, "c1", "c2")
    assert world.fail.run(ARN, FAILURE) == {"status": "FAILED"}
    assert (world.row.status, world.row.failure, world.row.upload_id) == (Status.FAILED, FAILURE, None)
    assert not world.objects.uploads
    assert not world.objects.objects
    assert types(world, "c1") == types(world, "c2") == ["failed"]
    assert json.loads(world.sockets.received["c1"][0])["error"] == {"code": FAILURE.code, "message": FAILURE.message}


def test_telling_it_again_tells_nobody_twice(world: World) -> None:
    """The state machine and its status event both come."""
    world.has()
    connected(world, "c1")
    world.fail.run(ARN, FAILURE)
    world.fail.run(ARN, Failure("STOPPED", "The transfer was stopped."))
    assert types(world, "c1") == ["failed"]
    assert world.row.failure == FAILURE


def test_a_run_that_was_cut_before_it_told_is_made_up_for(world: World) -> None:
    """Marked, but nobody heard."""
    world.has(status=Status.FAILED, failure=FAILURE, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    connected(world, "c1")
    world.fail.run(ARN, Failure("STOPPED", "x"))
    assert types(world, "c1") == ["failed"]
    assert not world.objects.uploads


def test_a_ready_download_stays_ready(world: World) -> None:
    """A late event about its execution changes nothing and deletes nothing."""
    world.has(status=Status.READY)
    world.objects.objects[KEY] = StoredObject(b"x", {"download-id": DOWNLOAD_ID}, "text/csv")
    connected(world, "c1")
    assert world.fail.run(ARN, FAILURE) == {"status": "READY"}
    assert world.row.status is Status.READY
    assert KEY in world.objects.objects
    assert types(world, "c1") == []


def test_a_cancelled_download_stays_cancelled_and_is_told_so(world: World) -> None:
    """The stop that follows a cancel is no failure."""
    world.has(status=Status.CANCELLED, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    connected(world, "c1")
    assert world.fail.run(ARN, FAILURE) == {"status": "CANCELLED"}
    assert types(world, "c1") == ["cancelled"]
    assert not world.objects.uploads


def test_a_download_that_is_not_there_is_nothing_to_do(world: World) -> None:
    """Its row has expired meanwhile."""
    assert world.fail.run(ARN, FAILURE) == {}


def test_an_object_of_somebody_else_is_not_deleted(world: World) -> None:
    """Only what says that it is this download's."""
    world.has()
    world.objects.objects[KEY] = StoredObject(b"x", {}, "text/csv")
    world.fail.run(ARN, FAILURE)
    assert KEY in world.objects.objects


def test_a_bucket_that_fails_is_tried_again_without_telling_again(world: World) -> None:
    """The client has heard; the next run only cleans."""
    world.has(status=Status.COPYING, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    connected(world, "c1")

    def slow_down(_operation: str) -> None:
        raise StorageError("abort_multipart_upload", "SlowDown")

    world.objects.fail = slow_down
    with pytest.raises(StorageError):
        world.fail.run(ARN, FAILURE)
    assert types(world, "c1") == ["failed"]
    world.objects.fail = lambda _operation: None
    world.fail.run(ARN, FAILURE)
    assert types(world, "c1") == ["failed"]
    assert not world.objects.uploads
    assert world.row.upload_id is None


def test_an_upload_that_does_not_go_is_an_error(world: World) -> None:
    """So that somebody tries again."""
    world.has(status=Status.COPYING, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    world.objects.after = lambda operation: (
        world.objects.uploads.update({"u1": Upload(KEY, "text/csv", {})}) if operation == "abort" else None
    )
    with pytest.raises(StorageError, match="StillThere"):
        world.fail.run(ARN, FAILURE)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ({"code": "ORIGIN_TLS", "message": "Why."}, None, "ORIGIN_TLS"),
        ({"code": "MADE_UP", "message": "https://secret"}, None, "TRANSFER_FAILED"),
        ({"code": "ORIGIN_TLS"}, None, "TRANSFER_FAILED"),
        ({"Error": "States.Timeout", "Cause": ""}, None, "TIMED_OUT"),
        ({"Error": "Sandbox.Timedout", "Cause": "x"}, None, "TIMED_OUT"),
        ({"Error": "StorageError", "Cause": "{}"}, None, "STORAGE_ERROR"),
        ({"Error": "Runtime.HandlerError", "Cause": '{"errorType": "StorageError"}'}, None, "STORAGE_ERROR"),
        ({"Error": "Runtime.HandlerError", "Cause": '{"errorType": "KeyError"}'}, None, "TRANSFER_FAILED"),
        ({"Error": "Runtime.HandlerError", "Cause": "[1]"}, None, "TRANSFER_FAILED"),
        ({"Error": "Lambda.Unknown"}, None, "TRANSFER_FAILED"),
        (None, "TIMED_OUT", "TIMED_OUT"),
        (None, "ABORTED", "STOPPED"),
        (None, "FAILED", "TRANSFER_FAILED"),
        (None, None, "TRANSFER_FAILED"),
        ({}, "ABORTED", "STOPPED"),
    ],
)
def test_the_reason_is_found_in_whatever_the_caller_knows(
    error: dict[str, object] | None, status: str | None, code: str
) -> None:
    """Our own error, a state machine's, or an execution's status; nothing unknown is passed on."""
    failure = failure_of(error, status)
    assert failure.code == code
    assert "secret" not in failure.message


def test_a_download_that_queued_in_vain_says_so(world: World) -> None:
    """Whatever a worker noted before: that was not the reason."""
    world.has(status=Status.COPYING, last_error=Failure("ORIGIN_TIMEOUT", "The origin was slow."))
    world.fail.run(ARN, failure_of({"Error": "Lambda.TooManyRequestsException", "Cause": "Rate Exceeded."}))
    assert world.row.failure is not None
    assert world.row.failure.code == "TRANSFER_FAILED"
    assert "no free execution" in world.row.failure.message


def test_cancelling_marks_stops_and_cleans(world: World) -> None:
    """In this order, so that the worker sees it."""
    world.has()
    world.executions.statuses[ARN] = "RUNNING"
    world.cancel.run(world.row)
    assert world.row.status is Status.CANCELLED
    assert world.executions.stopped == [ARN]
    assert world.functions.started == [("fail", {"executionArn": ARN})]


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED])
def test_what_is_finished_is_not_cancelled(world: World, status: Status) -> None:
    """Also when it finishes in the middle."""
    world.has()
    before = world.row
    world.downloads.rows[ARN] = replace(before, status=status)
    with pytest.raises(DownloadFinishedError):
        world.cancel.run(before)
    assert world.row.status is status
    assert not world.executions.stopped


def test_cancelling_twice_is_harmless_and_mends_a_first_that_was_cut(world: World) -> None:
    """Until somebody has told the clients, it is stopped and cleaned again."""
    world.has()
    world.cancel.run(world.row)
    world.cancel.run(world.row)
    assert len(world.functions.started) == 2
    world.downloads.rows[ARN] = replace(world.row, notified_at=1.0)
    world.cancel.run(world.row)
    assert len(world.functions.started) == 2


@pytest.mark.parametrize(
    ("execution", "code"),
    [
        ("FAILED", "TRANSFER_FAILED"),
        ("TIMED_OUT", "TIMED_OUT"),
        ("ABORTED", "STOPPED"),
        ("SUCCEEDED", "TRANSFER_FAILED"),
        (None, "TRANSFER_FAILED"),
    ],
)
def test_a_dead_execution_is_found_by_who_reads_its_row(world: World, execution: str | None, code: str) -> None:
    """It is FAILED from then on, and somebody is sent to clean up and to tell."""
    world.has()
    if execution:
        world.executions.statuses[ARN] = execution
    world.clock.time += 61
    found = world.reconcile.run(world.row)
    assert (found.status, found.failure and found.failure.code) == (Status.FAILED, code)
    assert world.row.status is Status.FAILED
    assert world.functions.started == [("fail", {"executionArn": ARN})]


@pytest.mark.parametrize("age", [0, 59])
def test_a_row_that_moves_is_believed(world: World, age: float) -> None:
    """Without asking anybody."""
    world.has()
    world.clock.time += age
    assert world.reconcile.run(world.row) is world.row
    assert not world.functions.started


def test_an_execution_that_runs_is_left_alone(world: World) -> None:
    """A first byte may take fourteen minutes."""
    world.has()
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 600
    assert world.reconcile.run(world.row).status is Status.PENDING


def test_readers_of_a_quiet_copy_ask_step_functions_once_a_minute(world: World) -> None:
    """However often they read the row, and whoever they are; within that minute the row is not written either."""
    world.has(status=Status.COPYING)
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 60
    for _ in range(179):  # one reader a second, for three minutes
        world.reconcile.run(world.row)
        world.clock.time += 1
    assert world.executions.asked == [ARN] * 3
    assert world.downloads.calls["claim_check"] == 3
    assert world.row.updated_at == world.row.created_at


def test_of_readers_at_once_one_asks_step_functions(world: World) -> None:
    """All of them have read the row before any recorded its check."""
    world.has(status=Status.COPYING)
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 600
    before = world.row
    found = [world.reconcile.run(before) for _ in range(5)]
    assert world.executions.asked == [ARN]
    assert [download.status for download in found] == [Status.COPYING] * 5


def test_an_execution_that_dies_after_a_check_is_noticed_a_minute_later(world: World) -> None:
    world.has(status=Status.COPYING)
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 600
    world.reconcile.run(world.row)
    world.executions.statuses[ARN] = "TIMED_OUT"
    world.clock.time += 59
    assert world.reconcile.run(world.row).status is Status.COPYING
    world.clock.time += 1
    assert world.reconcile.run(world.row).status is Status.FAILED


def test_a_throttled_question_is_left_to_the_next_reader(world: World) -> None:
    """The row is answered as it is."""
    world.has()
    world.executions.error = ServiceError("DescribeExecution", "ThrottlingException")
    world.clock.time += 600
    assert world.reconcile.run(world.row).status is Status.PENDING


def test_what_becomes_ready_while_asking_is_ready(world: World) -> None:
    """The row is changed on its condition only."""
    world.has()
    stale = world.row
    world.clock.time += 600
    world.downloads.rows[ARN] = replace(stale, status=Status.READY)
    assert world.reconcile.run(stale).status is Status.READY
    assert not world.functions.started


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_what_is_over_is_not_asked_about(world: World, status: Status) -> None:
    """However old it is."""
    world.has(status=status)
    world.clock.time += 3000
    assert world.reconcile.run(world.row).status is status
