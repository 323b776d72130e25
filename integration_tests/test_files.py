"""The content, name and type of copied files."""

from __future__ import annotations

import base64
import time
import zlib
from urllib.parse import quote

import pytest

from integration_tests.support.stack import Stack, parse_time, unique_path
from localcloud.origin import Origin, parse_size

SIZES = ["0", "1", "5242879", "5MiB", "12MB", "200MB"]


def crc32_of(size: int) -> str:
    """Return the CRC32 of the origin's file of this size, as S3 writes it."""
    crc = 0
    for block in Origin.blocks(0, size):
        crc = zlib.crc32(block, crc)
    return base64.b64encode(crc.to_bytes(4)).decode()


@pytest.mark.parametrize("size", SIZES)
def test_bytes_and_checksums_are_right(stack: Stack, size: str) -> None:
    expected = parse_size(size)
    download = stack.client.request(unique_path(size))
    ready = stack.client.receive_ready(download, 60)
    assert ready["size"] == expected
    assert ready["checksum"] == {"algorithm": "CRC32", "value": crc32_of(expected)}
    fetched = stack.client.fetch(ready["url"])
    assert (fetched.status, fetched.size) == (200, expected)
    assert fetched.sha256 == Origin.content_sha256(expected)
    assert ready.get("sha256", fetched.sha256) == fetched.sha256
    assert stack.operator.uploads(download) == []
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"


@pytest.mark.parametrize("options", ["ranges=no", "length=no", "etag=weak", "etag=none"])
def test_an_origin_without_ranges_length_or_etag_is_copied_from(stack: Stack, options: str) -> None:
    download = stack.client.request(unique_path("9MB", options))
    assert stack.client.fetch_when_ready(download).sha256 == Origin.content_sha256(9_000_000)


def test_a_file_with_another_sha256_fails(stack: Stack) -> None:
    right = stack.client.request(unique_path("1MB"), sha256=Origin.content_sha256(1_000_000))
    wrong = stack.client.request(unique_path("1MB"), sha256=Origin.content_sha256(2))
    with stack.client.connect(right) as right_socket, stack.client.connect(wrong) as wrong_socket:
        assert right_socket.receive("ready", "failed")["type"] == "ready"
        assert wrong_socket.receive("ready", "failed")["error"]["code"] == "CHECKSUM_MISMATCH"
    assert not stack.operator.has_object(wrong)


def test_a_file_with_another_size_fails(stack: Stack) -> None:
    right = stack.client.request(unique_path("9MB"), size=9_000_000)
    wrong = stack.client.request(unique_path("9MB"), size=9_000_001)
    with stack.client.connect(right) as right_socket, stack.client.connect(wrong) as wrong_socket:
        assert right_socket.receive("ready", "failed")["type"] == "ready"
        assert wrong_socket.receive("ready", "failed")["error"]["code"] == "SIZE_MISMATCH"
    assert not stack.operator.has_object(wrong)


def test_a_size_too_large_for_a_sha256_is_refused_at_once(stack: Stack) -> None:
    answer = stack.client.post(unique_path("1"), size=100_000_000_000, sha256=Origin.content_sha256(1))
    assert (answer.status, answer.code) == (422, "FILE_TOO_LARGE")
    assert "without sha256" in answer.body["error"]["message"]


def test_the_file_has_the_requested_name(stack: Stack) -> None:
    download = stack.client.request(unique_path("2"), fileName="Übersicht 2026.csv")
    ready = stack.client.receive_ready(download)
    assert ready["fileName"] == "Übersicht 2026.csv"
    disposition = stack.client.fetch(ready["url"]).headers["content-disposition"]
    assert disposition.startswith("attachment")
    assert "%C3%9Cbersicht%202026.csv" in disposition


@pytest.mark.parametrize(
    "name", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.pdf", "\U0001f468\u200d\U0001f469 \u2764\ufe0f.png"]
)
def test_a_name_keeps_its_joiners(stack: Stack, name: str) -> None:
    ready = stack.client.receive_ready(stack.client.request(unique_path("2"), fileName=name))
    assert ready["fileName"] == name
    assert quote(name) in stack.client.fetch(ready["url"]).headers["content-disposition"]


def test_a_refused_name_is_explained_by_its_character(stack: Stack) -> None:
    answer = stack.client.post(unique_path("2"), fileName="a\u202egpj.exe")
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert answer.body["error"]["message"] == "fileName must not contain U+202E."
    refused = stack.client.post("group%2Fproject/raw")
    assert (refused.status, refused.code) == (400, "INVALID_PATH")
    assert "encodedSlashes" in refused.body["error"]["message"]


@pytest.mark.parametrize(
    ("announced", "served"),
    [
        ("text/csv", "text/csv"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
    ],
)
def test_a_type_that_browsers_run_is_served_as_octet_stream(stack: Stack, announced: str, served: str) -> None:
    ready = stack.client.receive_ready(stack.client.request(unique_path("2", f"type={announced}")))
    headers = stack.client.fetch(ready["url"]).headers
    assert headers["content-type"] == ready["contentType"] == served
    assert headers["content-disposition"].startswith("attachment")


def test_a_range_of_the_file_can_be_fetched(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    ready = stack.client.receive_ready(download)
    fetched = stack.client.fetch(ready["url"], {"Range": "bytes=1000-1999", "If-Match": ready["etag"]})
    assert (fetched.status, fetched.size) == (206, 1000)


def test_get_returns_the_status_and_a_fresh_url(stack: Stack) -> None:
    path = unique_path("12MB")
    download = stack.client.request(path)
    ready = stack.client.receive_ready(download)
    answer = stack.client.status(download)
    assert answer.status == 200
    body = answer.body
    assert (body["status"], body["size"]) == ("READY", 12_000_000)
    assert (body["downloadId"], body["executionArn"]) == (download.id, download.execution_arn)
    assert (body["origin"], body["path"]) == (stack.client.origin, path)
    assert body["url"] == body["download"]["url"]
    assert body["download"]["checksum"] == ready["checksum"]
    assert stack.client.fetch(body["url"]).sha256 == Origin.content_sha256(12_000_000)
    assert time.time() < parse_time(body["download"]["expiresAt"]).timestamp()
