"""Failing, cancelling and reconciling: every end is stored, announced and cleaned up, however often it runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runtime.errors import DownloadFinishedError, ServiceError, StorageError
from runtime.logic.ending.fail import failure_of
from runtime.models import Failure, Status
from tests.runtime.ending.test_deliver import message_types, open_connections
from tests.runtime.support.fakes import StoredObject, Upload
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, World

FAILURE = Failure("ORIGIN_ERROR", "The origin answered HTTP 500.")


def test_failure_is_stored_announced_and_cleaned_up(world: World) -> None:
    world.put_download(status=Status.COPYING, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    world.objects.objects[KEY] = StoredObject(b"x", {"download-id": DOWNLOAD_ID}, "text/csv")
    open_connections(world, "c1", "c2")
    assert world.fail.run(ARN, FAILURE) == {"status": "FAILED"}
    assert (world.row.status, world.row.failure, world.row.upload_id) == (Status.FAILED, FAILURE, None)
    assert not world.objects.uploads
    assert not world.objects.objects
    assert message_types(world, "c1") == message_types(world, "c2") == ["failed"]
    assert json.loads(world.sockets.received["c1"][0])["error"] == {"code": FAILURE.code, "message": FAILURE.message}


def test_repeated_failure_notifies_once(world: World) -> None:
    """The state machine and the status event both call `fail`."""
    world.put_download()
    open_connections(world, "c1")
    world.fail.run(ARN, FAILURE)
    world.fail.run(ARN, Failure("STOPPED", "The transfer was stopped."))
    assert message_types(world, "c1") == ["failed"]
    assert world.row.failure == FAILURE


def test_failure_interrupted_before_notifying_is_completed(world: World) -> None:
    world.put_download(status=Status.FAILED, failure=FAILURE, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    open_connections(world, "c1")
    world.fail.run(ARN, Failure("STOPPED", "x"))
    assert message_types(world, "c1") == ["failed"]
    assert not world.objects.uploads


def test_ready_download_stays_ready(world: World) -> None:
    """A late event about its execution changes and deletes nothing."""
    world.put_download(status=Status.READY)
    world.objects.objects[KEY] = StoredObject(b"x", {"download-id": DOWNLOAD_ID}, "text/csv")
    open_connections(world, "c1")
    assert world.fail.run(ARN, FAILURE) == {"status": "READY"}
    assert world.row.status is Status.READY
    assert KEY in world.objects.objects
    assert message_types(world, "c1") == []


def test_cancelled_download_stays_cancelled_and_is_announced(world: World) -> None:
    """The stop that follows a cancel is no failure."""
    world.put_download(status=Status.CANCELLED, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    open_connections(world, "c1")
    assert world.fail.run(ARN, FAILURE) == {"status": "CANCELLED"}
    assert message_types(world, "c1") == ["cancelled"]
    assert not world.objects.uploads


def test_failure_of_a_missing_download_does_nothing(world: World) -> None:
    assert world.fail.run(ARN, FAILURE) == {}


def test_object_of_another_writer_is_not_deleted(world: World) -> None:
    world.put_download()
    world.objects.objects[KEY] = StoredObject(b"x", {}, "text/csv")
    world.fail.run(ARN, FAILURE)
    assert KEY in world.objects.objects


def test_failed_cleanup_is_repeated_without_notifying_again(world: World) -> None:
    world.put_download(status=Status.COPYING, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    open_connections(world, "c1")

    def slow_down(_operation: str) -> None:
        raise StorageError("abort_multipart_upload", "SlowDown")

    world.objects.before_call = slow_down
    with pytest.raises(StorageError):
        world.fail.run(ARN, FAILURE)
    assert message_types(world, "c1") == ["failed"]
    world.objects.before_call = lambda _operation: None
    world.fail.run(ARN, FAILURE)
    assert message_types(world, "c1") == ["failed"]
    assert not world.objects.uploads
    assert world.row.upload_id is None


def test_upload_that_reappears_after_every_abort_is_an_error(world: World) -> None:
    """The state machine retries."""
    world.put_download(status=Status.COPYING, upload_id="u1")
    world.objects.uploads["u1"] = Upload(KEY, "text/csv", {})
    world.objects.after_call = lambda operation: (
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
def test_failure_code_is_derived_from_error_or_execution_status(
    error: dict[str, object] | None, status: str | None, code: str
) -> None:
    failure = failure_of(error, status)
    assert failure.code == code
    assert "secret" not in failure.message


def test_throttled_execution_is_the_failure_whatever_was_recorded_before(world: World) -> None:
    world.put_download(status=Status.COPYING, last_error=Failure("ORIGIN_TIMEOUT", "The origin was slow."))
    world.fail.run(ARN, failure_of({"Error": "Lambda.TooManyRequestsException", "Cause": "Rate Exceeded."}))
    assert world.row.failure is not None
    assert world.row.failure.code == "TRANSFER_FAILED"
    assert "no free execution" in world.row.failure.message


def test_cancel_marks_the_row_stops_the_execution_and_starts_fail(world: World) -> None:
    world.put_download()
    world.executions.statuses[ARN] = "RUNNING"
    world.cancel.run(world.row)
    assert world.row.status is Status.CANCELLED
    assert world.executions.stopped == [ARN]
    assert world.functions.started == [("fail", {"executionArn": ARN})]


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED])
def test_finished_download_is_not_cancelled(world: World, status: Status) -> None:
    world.put_download()
    unfinished = world.row
    world.downloads.rows[ARN] = replace(unfinished, status=status)
    with pytest.raises(DownloadFinishedError):
        world.cancel.run(unfinished)
    assert world.row.status is status
    assert not world.executions.stopped


def test_repeated_cancel_stops_again_until_clients_were_notified(world: World) -> None:
    world.put_download()
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
def test_dead_execution_is_found_by_a_reader_of_the_row(world: World, execution: str | None, code: str) -> None:
    world.put_download()
    if execution:
        world.executions.statuses[ARN] = execution
    world.clock.time += 61
    reconciled = world.reconcile.run(world.row)
    assert (reconciled.status, reconciled.failure and reconciled.failure.code) == (Status.FAILED, code)
    assert world.row.status is Status.FAILED
    assert world.functions.started == [("fail", {"executionArn": ARN})]


@pytest.mark.parametrize("age", [0, 59])
def test_recently_changed_row_is_not_checked(world: World, age: float) -> None:
    world.put_download()
    world.clock.time += age
    assert world.reconcile.run(world.row) is world.row
    assert not world.functions.started


def test_running_execution_is_left_alone(world: World) -> None:
    """A first byte may take 14 minutes."""
    world.put_download()
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 600
    assert world.reconcile.run(world.row).status is Status.PENDING


def test_readers_of_an_unchanged_row_query_step_functions_once_a_minute(world: World) -> None:
    world.put_download(status=Status.COPYING)
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 60
    for _ in range(179):  # one reader a second, for three minutes
        world.reconcile.run(world.row)
        world.clock.time += 1
    assert world.executions.status_requests == [ARN] * 3
    assert world.downloads.calls["claim_check"] == 3
    assert world.row.updated_at == world.row.created_at


def test_one_of_concurrent_readers_queries_step_functions(world: World) -> None:
    world.put_download(status=Status.COPYING)
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 600
    row = world.row
    results = [world.reconcile.run(row) for _ in range(5)]
    assert world.executions.status_requests == [ARN]
    assert [download.status for download in results] == [Status.COPYING] * 5


def test_execution_that_dies_after_a_check_is_found_a_minute_later(world: World) -> None:
    world.put_download(status=Status.COPYING)
    world.executions.statuses[ARN] = "RUNNING"
    world.clock.time += 600
    world.reconcile.run(world.row)
    world.executions.statuses[ARN] = "TIMED_OUT"
    world.clock.time += 59
    assert world.reconcile.run(world.row).status is Status.COPYING
    world.clock.time += 1
    assert world.reconcile.run(world.row).status is Status.FAILED


def test_throttled_check_returns_the_row_unchanged(world: World) -> None:
    world.put_download()
    world.executions.error = ServiceError("DescribeExecution", "ThrottlingException")
    world.clock.time += 600
    assert world.reconcile.run(world.row).status is Status.PENDING


def test_row_that_became_ready_during_the_check_is_ready(world: World) -> None:
    world.put_download()
    old_row = world.row
    world.clock.time += 600
    world.downloads.rows[ARN] = replace(old_row, status=Status.READY)
    assert world.reconcile.run(old_row).status is Status.READY
    assert not world.functions.started


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_finished_download_is_not_checked(world: World, status: Status) -> None:
    world.put_download(status=status)
    world.clock.time += 3000
    assert world.reconcile.run(world.row).status is status
