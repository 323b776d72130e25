"""Journeys of a stack that reuses copies: a second download takes the copy of the first, or waits for it."""

from __future__ import annotations

from integration_tests.support.journeys.journey import journey
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for

SLOW = "rate=2000000"


@journey("copy", "deliver")
def reuse_finished_copy(stack: Stack, timeout: float) -> None:
    path = unique_path("1")
    assert stack.operator.wait_until_ended(stack.client.request(path)) == "SUCCEEDED"
    download = stack.client.request(path)
    stack.client.receive_ready(download, timeout)
    assert not stack.operator.has_object(download)


@journey("copy", "deliver")
def wait_for_running_copy(stack: Stack, timeout: float) -> None:
    first, second = _copying_and_waiting(stack, "8MB")
    assert stack.operator.wait_until_ended(first) == "SUCCEEDED"
    stack.client.receive_ready(second, timeout)


@journey("copy", "fail")
def take_over_cancelled_copy(stack: Stack, timeout: float) -> None:
    first, second = _copying_and_waiting(stack, "8MB")
    stack.client.cancel(first)
    stack.client.receive_ready(second, timeout + 8)


def _copying_and_waiting(stack: Stack, size: str) -> tuple[Download, Download]:
    """Return two downloads of one file: the first copies it, the second waits for that copy."""
    path = unique_path(size, SLOW)
    first = stack.client.request(path)
    wait_for(lambda: stack.operator.download_item(first).get("fileId"), 10)
    second = stack.client.request(path)
    wait_for(lambda: stack.operator.has_entered(second, "AwaitCopy"), 10)
    return first, second
