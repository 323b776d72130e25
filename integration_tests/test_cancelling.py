"""Cancelling: the execution stops, the client gets `cancelled`, and nothing is left in the bucket."""

from __future__ import annotations

from integration_tests.support.records import log_lines
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

SLOW_START = "first_byte=10"
SLOW_RATE = "rate=6000000"  # slow enough to cancel between the first part of 8 MiB and the last


def assert_cancelled(stack: Stack, download: Download) -> None:
    """Assert that the execution and the item are cancelled, and that the bucket holds neither copy nor upload."""
    assert stack.operator.wait_until_ended(download) == "ABORTED"
    assert stack.operator.download_item(download)["status"] == "CANCELLED"
    wait_for(lambda: stack.operator.uploads(download), 10, until=is_absent)
    assert not stack.operator.has_object(download)


def test_delete_cancels_before_the_first_byte(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as socket:
        answer = stack.client.cancel(download)
        assert (answer.status, answer.body) == (202, {"downloadId": download.id, "status": "CANCELLED"})
        socket.receive("cancelled")
    assert_cancelled(stack, download)


def test_delete_during_the_copy_cancels_and_aborts_the_upload(stack: Stack) -> None:
    download = stack.client.request(unique_path("60MB", SLOW_RATE))
    with stack.client.connect(download) as socket:
        wait_for(lambda: stack.operator.uploads(download), 10)
        assert stack.client.cancel(download).status == 202
        socket.receive("cancelled")
    assert_cancelled(stack, download)


def test_the_worker_stops_waiting_for_the_origin_of_a_cancelled_download(stack: Stack) -> None:
    """The worker logs its end long before the origin would answer. Its item said COPYING before the cancel."""
    download = stack.client.request(unique_path("1", "first_byte=60"))
    wait_for(lambda: stack.client.status(download).body["status"] == "COPYING", 15)
    assert stack.client.cancel(download).status == 202
    wait_for(lambda: any(download.execution_arn in line and '"copyEnded"' in line for _, line in log_lines(stack)), 15)
    assert_cancelled(stack, download)


def test_a_second_cancel_is_accepted_and_a_cancel_after_the_end_is_refused(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    assert stack.client.cancel(download).status == stack.client.cancel(download).status == 202
    assert_cancelled(stack, download)
    finished = stack.client.request(unique_path("1"))
    stack.client.receive_ready(finished)
    late = stack.client.cancel(finished)
    assert (late.status, late.code) == (409, "DOWNLOAD_FINISHED")


def test_a_stopped_execution_is_reported_and_cleaned_up(stack: Stack) -> None:
    download = stack.client.request(unique_path("60MB", SLOW_RATE))
    with stack.client.connect(download) as socket:
        wait_for(lambda: stack.operator.uploads(download), 10)
        stack.cloud.client("stepfunctions").stop_execution(executionArn=download.execution_arn)
        assert socket.receive("failed")["error"]["code"] == "STOPPED"
    wait_for(lambda: stack.operator.uploads(download), 10, until=is_absent)
    assert not stack.operator.has_object(download)
