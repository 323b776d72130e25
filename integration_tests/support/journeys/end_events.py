"""Journeys to the event of a download that has ended."""

from __future__ import annotations

from integration_tests.support.journeys.journey import journey
from integration_tests.support.stack import Stack, unique_path


@journey("request_download", "copy", "deliver", "fail")
def receive_event_of_ready(stack: Stack, timeout: float) -> None:
    """`deliver` has `fail` send the event. Without that the execution fails, and `fail` sends it all the same."""
    download = stack.client.request(unique_path("1"))
    event = stack.end_events.wait_for_event(download, timeout)
    assert event["detail"]["status"] == "READY"
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"


@journey("request_download", "copy", "fail")
def receive_event_of_failed(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", "status=404"))
    detail = stack.end_events.wait_for_event(download, timeout)["detail"]
    assert (detail["status"], detail["code"]) == ("FAILED", "ORIGIN_NOT_FOUND")


@journey("request_download", "cancel_download", "fail")
def receive_event_of_cancelled(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", "first_byte=10"))
    assert stack.client.cancel(download).status == 202
    assert stack.end_events.wait_for_event(download, timeout)["detail"]["status"] == "CANCELLED"
