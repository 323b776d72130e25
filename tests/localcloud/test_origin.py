"""The origin that the tests download from."""

from __future__ import annotations

import hashlib
import http.client
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from localcloud.origin import Origin, Request, parse_range, parse_size

SIZE = 3_000_000


class Response:
    """A response, which may have ended early."""

    def __init__(self, raw: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.truncated = raw.status, raw.headers, False
        try:
            self.body = raw.read()
        except http.client.IncompleteRead as error:
            self.body, self.truncated = error.partial, True


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A running origin."""
    with Origin() as running:
        yield running


def send(origin: Origin, path: str, method: str = "GET", **headers: str) -> Response:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(origin.base_url).netloc, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Response(connection.getresponse())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("17", 17), ("17B", 17), ("10MB", 10**7), ("5MiB", 5 << 20), ("1GiB", 1 << 30)]
)
def test_a_size_is_decimal_or_binary(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "1mb", "1.5MB", "-1"])
def test_an_invalid_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=2-99", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=5-4", None),
        ("bytes=0-1,3-4", None),
        ("lines=1-2", None),
        ("bytes=-", None),
        ("", None),
    ],
)
def test_a_range_is_parsed_by_rfc_9110(header: str, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-0", 0), ("bytes=-0", 10)])
def test_a_range_after_the_end_is_not_satisfiable(header: str, size: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        parse_range(header, size)


def test_the_content_has_the_expected_length_and_sha256(origin: Origin) -> None:
    response = send(origin, f"/files/{SIZE}-report.bin")
    assert (response.status, response.headers["Content-Length"]) == (200, str(SIZE))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.body == Origin.content(SIZE)
    assert hashlib.sha256(response.body).hexdigest() == Origin.content_sha256(SIZE)
    assert response.body[1_048_570:2_097_155] == Origin.content(SIZE, 1_048_570, 2_097_155)


def test_no_two_blocks_are_equal() -> None:
    content = Origin.content(4 << 20)
    assert len({content[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20)}) == 4


def test_a_range_is_answered_with_206(origin: Origin) -> None:
    response = send(origin, f"/files/{SIZE}", Range="bytes=1048000-1049000")
    assert (response.status, response.headers["Content-Range"]) == (206, f"bytes 1048000-1049000/{SIZE}")
    assert response.body == Origin.content(SIZE, 1_048_000, 1_049_001)


def test_a_range_of_an_empty_file_is_answered_with_416(origin: Origin) -> None:
    response = send(origin, "/files/0", Range="bytes=0-0")
    assert (response.status, response.headers["Content-Range"]) == (416, "bytes */0")


def test_a_changed_validator_fails_if_match_and_ignores_if_range(origin: Origin) -> None:
    path = f"/files/{SIZE}"
    etag = send(origin, path, "HEAD").headers["ETag"]
    assert send(origin, path, If_Match=etag, Range="bytes=0-9").status == 206
    assert send(origin, path, If_Match='"other"').status == 412
    assert send(origin, path, If_Range=etag, Range="bytes=0-9").status == 206
    assert send(origin, path, If_Range='"other"', Range="bytes=0-9").status == 200


def test_a_weak_validator_matches_nothing(origin: Origin) -> None:
    path = f"/files/{SIZE}?etag=weak"
    etag = send(origin, path, "HEAD").headers["ETag"]
    assert etag.startswith("W/")
    assert send(origin, path, If_Match=etag).status == 412
    assert send(origin, path, If_Range=etag, Range="bytes=0-9").status == 200
    assert send(origin, f"/files/{SIZE}?etag=none", "HEAD").headers["ETag"] is None


def test_content_and_validator_change_after_some_requests(origin: Origin) -> None:
    path = "/files/1000?change_after=2"
    first, second, third = (send(origin, path) for _ in range(3))
    assert (first.headers["ETag"], first.body) == (second.headers["ETag"], second.body)
    assert third.headers["ETag"] != first.headers["ETag"]
    assert third.body == Origin.content(1000, version=1) != first.body


def test_ranges_and_length_can_be_switched_off(origin: Origin) -> None:
    response = send(origin, f"/files/{SIZE}?ranges=no&length=no", Range="bytes=0-9")
    assert (response.status, response.headers["Content-Length"]) == (200, None)
    assert response.headers["Accept-Ranges"] is None
    assert response.body == Origin.content(SIZE)


def test_a_status_is_sent_as_often_as_requested(origin: Origin) -> None:
    path = "/files/10?status=503&times=2"
    assert [send(origin, path).status for _ in range(3)] == [503, 503, 200]
    assert send(origin, "/files/10?status=404").status == 404
    assert send(origin, "/files/10?status=302&location=/files/11").headers["Location"] == "/files/11"


@pytest.mark.parametrize("option", ["close_after=2000000", "short=1000000", "close_after=2000000&length=no"])
def test_a_response_breaks_off_after_the_requested_bytes(origin: Origin, option: str) -> None:
    response = send(origin, f"/files/{SIZE}?{option}&times=1")
    assert response.truncated
    assert response.body == Origin.content(SIZE, 0, 2_000_000)
    assert send(origin, f"/files/{SIZE}?{option}&times=1").body == Origin.content(SIZE)


@pytest.mark.parametrize(("option", "headers"), [("status=0", False), ("reset_after=2000000", True)])
def test_a_connection_is_reset_before_or_within_the_response(origin: Origin, option: str, headers: bool) -> None:
    connection = http.client.HTTPConnection(urlsplit(origin.base_url).netloc, timeout=10)
    connection.request("GET", f"/files/{SIZE}?{option}&times=1")
    if headers:
        response = connection.getresponse()
        with pytest.raises(ConnectionResetError):
            response.read()
    else:
        with pytest.raises(ConnectionResetError):
            connection.getresponse()
    connection.close()
    assert send(origin, f"/files/{SIZE}?{option}&times=1").body == Origin.content(SIZE)


def test_a_response_stalls(origin: Origin) -> None:
    connection = http.client.HTTPConnection(urlsplit(origin.base_url).netloc, timeout=0.3)
    connection.request("GET", "/files/100?stall_after=40")
    response = connection.getresponse()
    assert response.read(40) == Origin.content(100, 0, 40)
    with pytest.raises(TimeoutError):
        response.read(1)
    connection.close()


@pytest.mark.parametrize("length", ["", "&length=no"])
def test_a_response_pauses_and_continues(origin: Origin, length: str) -> None:
    assert send(origin, f"/files/{SIZE}?stall_after=40&stall=0.05{length}").body == Origin.content(SIZE)


@pytest.mark.parametrize("length", ["", "&length=no"])
def test_a_response_has_more_bytes_than_its_range(origin: Origin, length: str) -> None:
    response = send(origin, f"/files/{SIZE}?extra=5{length}", Range="bytes=10-19")
    assert (response.status, response.headers["Content-Range"]) == (206, f"bytes 10-19/{SIZE}")
    assert response.body == Origin.content(SIZE, 10, 25)


def test_a_fault_begins_and_ends_after_some_requests(origin: Origin) -> None:
    path = f"/files/{SIZE}?status=416&after=1&times=2&retry_after=7"
    responses = [send(origin, path, Range="bytes=0-9") for _ in range(4)]
    assert [response.status for response in responses] == [206, 416, 416, 206]
    assert [response.headers["Retry-After"] for response in responses] == [None, "7", "7", None]
    path = f"/files/{SIZE}?ranges=no&after=1"
    assert [send(origin, path, Range="bytes=0-9").status for _ in range(3)] == [206, 200, 200]


def test_a_changed_file_can_be_longer(origin: Origin) -> None:
    path = "/files/1000?change_after=1&grow=24"
    assert send(origin, path).body == Origin.content(1000)
    grown = send(origin, path)
    assert (grown.headers["Content-Length"], grown.headers["ETag"]) == ("1024", '"1024-1"')
    assert grown.body == Origin.content(1024, version=1)


def test_the_first_byte_and_the_rate_can_be_slow(origin: Origin) -> None:
    began = time.monotonic()
    assert send(origin, "/files/1?first_byte=0.2").body == Origin.content(1)
    assert send(origin, "/files/20000?rate=100000").body == Origin.content(20_000)
    assert time.monotonic() - began >= 0.35


def test_the_first_byte_is_slow_only_as_often_as_requested(origin: Origin) -> None:
    assert send(origin, "/files/1?first_byte=60&times=0").body == Origin.content(1)


def test_stopping_does_not_wait_for_a_slow_response() -> None:
    began = time.monotonic()
    came = threading.Event()
    with Origin(first_byte=60, on_request=lambda _: came.set()) as origin:
        netloc = urlsplit(origin.base_url).netloc
        connection = http.client.HTTPConnection(netloc, timeout=10)
        connection.request("GET", "/files/1")
        assert came.wait(10)
    connection.close()
    assert time.monotonic() - began < 10


def test_requests_are_recorded(origin: Origin) -> None:
    send(origin, "/files/1?x=y", X_Token="made-up")
    (request,) = origin.requests
    assert isinstance(request, Request)
    assert (request.method, request.path, request.headers["x-token"]) == ("GET", "/files/1?x=y", "made-up")


@pytest.mark.parametrize("path", ["/", "/files/", "/files/many", "/files/1mb", "/other/1"])
def test_an_unknown_path_is_a_404_page(origin: Origin, path: str) -> None:
    response = send(origin, path)
    assert (response.status, response.headers["Content-Type"]) == (404, "text/html")
