"""Failures of the origin and of workers: retried, or reported with a code."""

from __future__ import annotations

import pytest

from integration_tests.support.clouds import Target
from integration_tests.support.policies import end_workers
from integration_tests.support.settings import CLOSED, GUARDED, NAMELESS, UNTRUSTED
from integration_tests.support.stack import Stack, parse_time, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import Origin, parse_size

REFUSED = "ORIGIN_ADDRESS_REFUSED"
FAULTS = [
    ("404", "1MB", "status=404", "ORIGIN_NOT_FOUND"),
    ("410", "1MB", "status=410", "ORIGIN_NOT_FOUND"),
    ("403", "1MB", "status=403", "ORIGIN_REFUSED"),
    ("500", "1MB", "status=500", "ORIGIN_ERROR"),
    ("resets before it answers", "1MB", "status=0", "ORIGIN_UNREACHABLE"),
    ("resets midway", "1MB", "reset_after=400000&ranges=no", "ORIGIN_TRUNCATED"),
    ("sends more bytes than the range", "1MB", "extra=3", "ORIGIN_ERROR"),
    ("sends more chunks than the range", "100MB", "extra=3&length=no&after=1", "ORIGIN_ERROR"),
    ("gone midway", "20MB", "status=410&after=1", "ORIGIN_NOT_FOUND"),
    ("redirects for ever", "1MB", "status=302&location=?", "ORIGIN_ERROR"),
    ("redirects to the metadata of the machine", "1MB", "status=302&location=http://169.254.169.254/", REFUSED),
    ("closes midway", "1MB", "close_after=400000&ranges=no", "ORIGIN_TRUNCATED"),
    ("closes midway, parts stored", "30MB", "close_after=25000000&ranges=no", "ORIGIN_TRUNCATED"),
    ("sends fewer bytes than announced", "1MB", "short=1&ranges=no", "ORIGIN_TRUNCATED"),
]


def assert_nothing_left(stack: Stack, download: Download) -> None:
    """Assert that the execution is FAILED, and that the bucket holds nothing of it."""
    assert stack.operator.wait_until_ended(download) == "FAILED"
    assert not stack.operator.has_object(download)
    wait_for(lambda: stack.operator.uploads(download), 5, until=is_absent)


@pytest.mark.parametrize(("size", "options", "code"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_failing_origin_fails_the_download_with_its_code(stack: Stack, size: str, options: str, code: str) -> None:
    download = stack.client.request(unique_path(size, options))
    with stack.client.connect(download) as socket:
        message = socket.receive("failed", "ready", deadline=30)
        assert message["type"] == "failed"
        assert message["error"]["code"] == code
        assert message["error"]["message"]
    assert_nothing_left(stack, download)
    item = stack.operator.download_item(download)
    assert (item["status"], item["failure"]["code"]) == ("FAILED", code)


def test_a_redirect_to_a_host_that_is_not_listed_names_the_host_and_the_setting(stack: Stack) -> None:
    download = stack.client.request(
        unique_path("1MB", "status=302&location=https://store.example.com/"), origin=GUARDED
    )
    error = stack.client.receive_end(download)["error"]
    assert error["code"] == REFUSED
    assert "to the host store.example.com, which its setting redirects (host) forbids" in error["message"]
    assert_nothing_left(stack, download)


def test_an_unreachable_origin_fails_the_download(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"), origin=CLOSED)
    assert stack.client.receive_end(download)["error"]["code"] == "ORIGIN_UNREACHABLE"
    assert_nothing_left(stack, download)


def test_a_failure_is_reported_to_a_late_connection_and_over_rest(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", "status=404"))
    assert stack.operator.wait_until_ended(download) == "FAILED"
    message = stack.client.receive_end(download)
    body = stack.client.status(download).body
    assert (body["status"], body["error"]) == ("FAILED", message["error"])
    assert "url" not in body


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ("20MB", "status=503&times=1"),
        ("20MB", "close_after=9000000&times=2"),
        ("20MB", "short=4000000&times=1"),
        ("20MB", "close_after=0&times=1"),
        ("20MB", "status=0&times=2"),
        ("20MB", "status=0&after=1&times=1"),
        ("20MB", "reset_after=9000000&times=1"),
        ("20MB", "status=416&after=1&times=1"),
        ("20MB", "ranges=no&after=1&times=1"),
        ("80MB", "status=503&after=3&times=2"),
        ("80MB", "reset_after=3000000&after=2&times=2"),
        ("80MB", "close_after=3000000&times=2"),
    ],
)
def test_a_temporary_fault_is_retried(stack: Stack, size: str, options: str) -> None:
    download = stack.client.request(unique_path(size, options))
    assert stack.client.fetch_when_ready(download).sha256 == Origin.content_sha256(parse_size(size))


@pytest.mark.parametrize("grow", [0, 5])
def test_a_file_that_changes_during_the_copy_is_copied_from_its_start(stack: Stack, grow: int) -> None:
    download = stack.client.request(unique_path("20MB", f"change_after=1&grow={grow}"))
    assert stack.client.fetch_when_ready(download).sha256 == Origin.content_sha256(20_000_000 + grow, version=1)


def test_a_retry_waits_for_retry_after(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", "status=503&times=1&retry_after=3"))
    stack.client.receive_ready(download)
    item = stack.operator.download_item(download)
    assert (parse_time(item["updatedAt"]) - parse_time(item["createdAt"])).total_seconds() >= 3


@pytest.mark.parametrize(("name", "code"), [(UNTRUSTED, "ORIGIN_TLS"), (NAMELESS, "ORIGIN_UNREACHABLE")])
def test_an_origin_without_a_name_or_a_certificate_fails_the_download(stack: Stack, name: str, code: str) -> None:
    if name == UNTRUSTED and stack.cloud.target is Target.AWS:
        pytest.skip("AWS would need an origin with a bad certificate: use --target emulator.")
    download = stack.client.request(unique_path("1MB"), origin=name)
    assert stack.client.receive_end(download)["error"]["code"] == code
    assert_nothing_left(stack, download)


def test_a_worker_that_dies_is_replaced(stack: Stack) -> None:
    if stack.cloud.target is not Target.EMULATOR:
        pytest.skip("Only the workers of the emulator can be ended: use --target emulator.")
    download = stack.client.request(unique_path("30MB", "rate=15000000"))
    with stack.client.connect(download) as socket:
        wait_for(lambda: stack.operator.uploads(download), 10)
        end_workers(stack, "copy")
        ready = socket.receive("ready", "failed", deadline=30)
    assert ready["type"] == "ready", ready
    assert stack.client.fetch(ready["url"]).sha256 == Origin.content_sha256(30_000_000)
    assert stack.operator.uploads(download) == []
