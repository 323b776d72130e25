"""Downloads of the same version of a file share one copy."""

from __future__ import annotations

import pytest

from integration_tests.support.clouds import Target
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import wait_for
from localcloud.origin import Origin

SIZE = 30_000_000


@pytest.mark.engine
def test_a_finished_copy_is_reused(strict_stack: Stack, origin: Origin) -> None:
    path = unique_path(str(SIZE))
    first = strict_stack.client.request(path)
    assert strict_stack.client.fetch_when_ready(first, 60).sha256 == Origin.content_sha256(SIZE)
    before = len(origin.requests)
    second = strict_stack.client.request(path, fileName="other.bin")
    assert strict_stack.client.fetch_when_ready(second, 60).sha256 == Origin.content_sha256(SIZE)
    assert not strict_stack.operator.has_object(second)
    assert strict_stack.operator.wait_until_ended(second) == "SUCCEEDED"
    if strict_stack.cloud.target is Target.EMULATOR:
        assert [request.path for request in origin.requests[before:]] == [f"/{path}"], "one request for the version"


def test_a_request_during_the_copy_waits_for_it(strict_stack: Stack) -> None:
    path = unique_path(str(SIZE), "rate=2000000")
    first = strict_stack.client.request(path)
    wait_for(lambda: strict_stack.operator.download_item(first).get("fileId"), 30)
    waiting = [strict_stack.client.request(path) for _ in range(2)]
    for download in waiting:
        wait_for(lambda download=download: strict_stack.operator.has_entered(download, "AwaitCopy"), 30)  # type: ignore[misc]
    for download in [first, *waiting]:
        assert strict_stack.client.fetch_when_ready(download, 60).sha256 == Origin.content_sha256(SIZE)
        assert strict_stack.operator.wait_until_ended(download) == "SUCCEEDED"
    assert [strict_stack.operator.has_object(download) for download in [first, *waiting]] == [True, False, False]


def test_a_waiting_download_copies_when_the_first_is_cancelled(strict_stack: Stack) -> None:
    path = unique_path(str(SIZE), "rate=3000000")
    first = strict_stack.client.request(path)
    wait_for(lambda: strict_stack.operator.download_item(first).get("fileId"), 30)
    second = strict_stack.client.request(path)
    wait_for(lambda: strict_stack.operator.has_entered(second, "AwaitCopy"), 30)
    strict_stack.client.cancel(first)
    assert strict_stack.client.fetch_when_ready(second, 60).sha256 == Origin.content_sha256(SIZE)
    assert strict_stack.operator.has_object(second)
    assert strict_stack.operator.wait_until_ended(second) == "SUCCEEDED"
