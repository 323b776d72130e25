"""Cancelling: the execution stops, the row says so, the client is told, nothing is left in the bucket."""

from __future__ import annotations

from integration_tests.support.records import log_lines
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

SLOW_START = "first_byte=10"
TRICKLE = "rate=6000000"  # a part of 8 MiB is stored before this is over


def assert_cancelled(stack: Stack, download: Download) -> None:
    """Assert that every side agrees and that the bucket holds nothing of it."""
    assert stack.operator.wait_until_ended(download) == "ABORTED"
    row = stack.operator.download_item(download)
    assert row is not None
    assert row["status"] == "CANCELLED"
    wait_for(lambda: stack.operator.uploads(download), 10, until=is_absent)
    assert not stack.operator.has_object(download)


def test_delete_cancels_before_the_first_byte(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as socket:
        answer = stack.client.cancel(download)
        assert (answer.status, answer.body) == (202, {"downloadId": download.id, "status": "CANCELLED"})
        socket.receive("cancelled")
    assert_cancelled(stack, download)


def test_delete_cancels_in_the_middle_and_drops_the_upload(stack: Stack) -> None:
    download = stack.client.request(unique_path("60MB", TRICKLE))
    with stack.client.connect(download) as socket:
        wait_for(lambda: stack.operator.uploads(download), 10)
        assert stack.client.cancel(download).status == 202
        socket.receive("cancelled")
    assert_cancelled(stack, download)


def test_nobody_waits_on_for_an_origin_when_the_download_is_cancelled(stack: Stack) -> None:
    """The worker ends long before the origin would have answered; the row said before that it was being asked."""
    download = stack.client.request(unique_path("1", "first_byte=60"))
    wait_for(lambda: stack.client.status(download).body["status"] == "COPYING", 15)
    assert stack.client.cancel(download).status == 202
    wait_for(lambda: any(download.execution_arn in line and '"Copied"' in line for _, line in log_lines(stack)), 15)
    assert_cancelled(stack, download)


def test_cancelling_twice_is_harmless_and_later_is_refused(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    assert stack.client.cancel(download).status == stack.client.cancel(download).status == 202
    assert_cancelled(stack, download)
    finished = stack.client.request(unique_path("1"))
    with stack.client.connect(finished) as socket:
        socket.receive("ready")
    late = stack.client.cancel(finished)
    assert (late.status, late.code) == (409, "DOWNLOAD_FINISHED")


def test_an_execution_that_an_operator_stops_is_told_and_cleaned_up(stack: Stack) -> None:
    download = stack.client.request(unique_path("60MB", TRICKLE))
    with stack.client.connect(download) as socket:
        wait_for(lambda: stack.operator.uploads(download), 10)
        stack.cloud.client("stepfunctions").stop_execution(executionArn=download.execution_arn)
        assert socket.receive("failed")["error"]["code"] == "STOPPED"
    wait_for(lambda: stack.operator.uploads(download), 10, until=is_absent)
    assert not stack.operator.has_object(download)
