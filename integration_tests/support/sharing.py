"""Journeys of a stack that reuses copies: one download leads, another takes its copy or waits for it. As `journeys`."""

from __future__ import annotations

from integration_tests.support.stack import Requested, Stack, unique
from integration_tests.support.waiting import wait_for

SLOW = "rate=2000000"


def take_a_copy_that_is_there(stack: Stack, patience: float) -> None:
    """Ask for a file that somebody has asked for, and be told of the same copy."""
    path = unique("1")
    assert stack.ended(stack.request(path)) == "SUCCEEDED"
    download = stack.request(path)
    with stack.connect(download) as socket:
        assert socket.receive("ready", "failed", deadline=patience)["type"] == "ready"
    assert not stack.has_object(download)


def wait_for_a_copy(stack: Stack, patience: float) -> None:
    """Ask for a file while it is copied for somebody else, and be told when it is there."""
    first, second = _leader_and_waiting(stack, "8MB")
    assert stack.ended(first) == "SUCCEEDED"
    with stack.connect(second) as socket:
        assert socket.receive("ready", "failed", deadline=patience)["type"] == "ready"


def take_over_from_who_cancels(stack: Stack, patience: float) -> None:
    """Ask for a file while it is copied for somebody who then cancels, and be told when it is there."""
    first, second = _leader_and_waiting(stack, "8MB")
    stack.cancel(first)
    with stack.connect(second) as socket:
        assert socket.receive("ready", "failed", deadline=patience + 8)["type"] == "ready"


def _leader_and_waiting(stack: Stack, size: str) -> tuple[Requested, Requested]:
    path = unique(size, SLOW)
    first = stack.request(path)
    wait_for(lambda: (stack.download_row(first) or {}).get("fileId"), 10)
    second = stack.request(path)
    wait_for(lambda: stack.has_entered(second, "AwaitCopy"), 10)
    return first, second
