"""What goes wrong at the origin is told with a code, ends the execution as FAILED, and leaves nothing behind."""

from __future__ import annotations

import pytest

from integration_tests.support.clouds import Target
from integration_tests.support.policies import end_workers
from integration_tests.support.settings import CLOSED
from integration_tests.support.stack import Requested, Stack, unique
from integration_tests.support.waiting import gone, wait_for
from localcloud.origin import Origin, parse_size

FAULTS = [
    ("404", "1MB", "status=404", "ORIGIN_NOT_FOUND"),
    ("403", "1MB", "status=403", "ORIGIN_REFUSED"),
    ("500", "1MB", "status=500", "ORIGIN_ERROR"),
    ("closes midway", "1MB", "close_after=400000&ranges=no", "ORIGIN_TRUNCATED"),
    ("closes midway, parts stored", "30MB", "close_after=25000000&ranges=no", "ORIGIN_TRUNCATED"),
    ("sends fewer bytes than announced", "1MB", "short=1&ranges=no", "ORIGIN_TRUNCATED"),
]


def assert_nothing_left(stack: Stack, download: Requested) -> None:
    """Assert that the execution is FAILED, and that the bucket holds nothing of it."""
    assert stack.ended(download) == "FAILED"
    assert not stack.has_object(download)
    wait_for(lambda: stack.uploads(download), 5, until=gone)


@pytest.mark.parametrize(("size", "options", "code"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_failing_origin_is_told(stack: Stack, size: str, options: str, code: str) -> None:
    download = stack.request(unique(size, options))
    with stack.connect(download) as socket:
        told = socket.receive("failed", "ready", deadline=30)
        assert told["type"] == "failed"
        assert told["error"]["code"] == code
        assert told["error"]["message"]
    assert_nothing_left(stack, download)
    row = stack.download_row(download)
    assert row is not None
    assert (row["status"], row["failure"]["code"]) == ("FAILED", code)


def test_an_unreachable_origin_is_told(stack: Stack) -> None:
    download = stack.request(unique("1MB"), origin=CLOSED)
    with stack.connect(download) as socket:
        assert socket.receive("failed", deadline=30)["error"]["code"] == "ORIGIN_UNREACHABLE"
    assert_nothing_left(stack, download)


def test_a_failure_is_told_to_one_who_connects_late_and_over_rest(stack: Stack) -> None:
    download = stack.request(unique("1MB", "status=404"))
    assert stack.ended(download) == "FAILED"
    with stack.connect(download) as socket:
        told = socket.receive("failed")
    body = stack.status(download).body
    assert (body["status"], body["error"]) == ("FAILED", told["error"])
    assert "url" not in body


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ("20MB", "status=503&times=1"),
        ("20MB", "close_after=9000000&times=2"),
        ("20MB", "short=4000000&times=1"),
        ("20MB", "close_after=0&times=1"),
        ("80MB", "close_after=3000000&times=2"),
    ],
)
def test_a_fault_that_passes_is_mended(stack: Stack, size: str, options: str) -> None:
    download = stack.request(unique(size, options))
    with stack.connect(download) as socket:
        ready = socket.receive("ready", "failed", deadline=30)
    assert ready["type"] == "ready", ready
    assert stack.fetch(ready["url"]).sha256 == Origin.content_sha256(parse_size(size))


def test_a_file_that_changes_midway_is_never_mixed(stack: Stack) -> None:
    download = stack.request(unique("20MB", "change_after=1"))
    with stack.connect(download) as socket:
        ready = socket.receive("ready", "failed", deadline=30)
    assert ready["type"] == "ready", ready
    assert stack.fetch(ready["url"]).sha256 == Origin.content_sha256(20_000_000, version=1)


def test_a_worker_that_dies_is_replaced(stack: Stack) -> None:
    if stack.cloud.target is not Target.EMULATOR:
        pytest.skip("Only our emulator's workers can be ended from outside: use --target emulator.")
    download = stack.request(unique("30MB", "rate=15000000"))
    with stack.connect(download) as socket:
        wait_for(lambda: stack.uploads(download), 10)
        end_workers(stack, "copy")
        ready = socket.receive("ready", "failed", deadline=30)
    assert ready["type"] == "ready", ready
    assert stack.fetch(ready["url"]).sha256 == Origin.content_sha256(30_000_000)
    assert stack.uploads(download) == []
