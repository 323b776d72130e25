"""One copy for all who ask for the same version of a file."""

from __future__ import annotations

import pytest

from integration_tests.support.clouds import Target
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for
from localcloud.origin import Origin

SIZE = 30_000_000


def waits(stack: Stack, download: Download) -> bool:
    """Whether the execution waits for another one's copy."""
    entered = [event.get("stateEnteredEventDetails", {}).get("name") for event in stack.operator.history(download)]
    return "AwaitCopy" in entered


def fetched(stack: Stack, download: Download) -> str:
    """The SHA-256 of what its clients get."""
    with stack.client.connect(download) as socket:
        ready = socket.receive("ready", "failed", deadline=60)
    assert ready["type"] == "ready", ready
    return stack.client.fetch(ready["url"]).sha256


@pytest.mark.engine
def test_a_copy_that_is_there_is_handed_out_again(strict_stack: Stack, origin: Origin) -> None:
    path = unique_path(str(SIZE))
    first, second = strict_stack.client.request(path), None
    assert fetched(strict_stack, first) == Origin.content_sha256(SIZE)
    asked = len(origin.requests)
    second = strict_stack.client.request(path, fileName="other.bin")
    assert fetched(strict_stack, second) == Origin.content_sha256(SIZE)
    assert not strict_stack.operator.has_object(second)
    assert strict_stack.operator.wait_until_ended(second) == "SUCCEEDED"
    if strict_stack.cloud.target is Target.EMULATOR:
        assert [request.path for request in origin.requests[asked:]] == [f"/{path}"], "the origin is asked once more"


def test_who_asks_while_it_is_copied_waits_for_that_copy(strict_stack: Stack) -> None:
    path = unique_path(str(SIZE), "rate=2000000")
    first = strict_stack.client.request(path)
    wait_for(lambda: (strict_stack.operator.download_item(first) or {}).get("fileId"), 30)
    others = [strict_stack.client.request(path) for _ in range(2)]
    for other in others:
        wait_for(lambda other=other: waits(strict_stack, other), 30)  # type: ignore[misc]
    for download in [first, *others]:
        assert fetched(strict_stack, download) == Origin.content_sha256(SIZE)
        assert strict_stack.operator.wait_until_ended(download) == "SUCCEEDED"
    assert [strict_stack.operator.has_object(download) for download in [first, *others]] == [True, False, False]


def test_a_copy_that_fails_is_made_by_one_who_waited(strict_stack: Stack) -> None:
    path = unique_path(str(SIZE), "rate=3000000")
    first = strict_stack.client.request(path)
    wait_for(lambda: (strict_stack.operator.download_item(first) or {}).get("fileId"), 30)
    second = strict_stack.client.request(path)
    wait_for(lambda: waits(strict_stack, second), 30)
    strict_stack.client.cancel(first)
    assert fetched(strict_stack, second) == Origin.content_sha256(SIZE)
    assert strict_stack.operator.has_object(second)
    assert strict_stack.operator.wait_until_ended(second) == "SUCCEEDED"
