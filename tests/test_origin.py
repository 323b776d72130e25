"""The origin of the tests has to be right itself."""

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


class Answer:
    """A whole answer, also one that ended early."""

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


def ask(origin: Origin, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(origin.base_url).netloc, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("17", 17), ("17B", 17), ("10MB", 10**7), ("5MiB", 5 << 20), ("1GiB", 1 << 30)]
)
def test_size(text: str, size: int) -> None:
    """A size is decimal or binary."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "1mb", "1.5MB", "-1"])
def test_no_size(text: str) -> None:
    """What is no size is refused with the units that there are."""
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
def test_range(header: str, expected: tuple[int, int] | None) -> None:
    """A range is read as RFC 9110 says: suffixes count from the end, nonsense is ignored."""
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-0", 0), ("bytes=-0", 10)])
def test_range_outside(header: str, size: int) -> None:
    """A range that begins behind the end is not satisfiable."""
    with pytest.raises(ValueError, match="bytes"):
        parse_range(header, size)


def test_content(origin: Origin) -> None:
    """The file is the same whole or in pieces, and its SHA-256 is known beforehand."""
    answer = ask(origin, f"/files/{SIZE}-report.bin")
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(SIZE))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.body == Origin.content(SIZE)
    assert hashlib.sha256(answer.body).hexdigest() == Origin.content_sha256(SIZE)
    assert answer.body[1_048_570:2_097_155] == Origin.content(SIZE, 1_048_570, 2_097_155)


def test_blocks_differ() -> None:
    """No two blocks are alike, so that a swapped part cannot pass for another."""
    content = Origin.content(4 << 20)
    assert len({content[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20)}) == 4


def test_partial(origin: Origin) -> None:
    """A range is answered with 206 and the bytes asked for."""
    answer = ask(origin, f"/files/{SIZE}", Range="bytes=1048000-1049000")
    assert (answer.status, answer.headers["Content-Range"]) == (206, f"bytes 1048000-1049000/{SIZE}")
    assert answer.body == Origin.content(SIZE, 1_048_000, 1_049_001)


def test_unsatisfiable(origin: Origin) -> None:
    """A range of an empty file is answered with 416 and the size."""
    answer = ask(origin, "/files/0", Range="bytes=0-0")
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */0")


def test_validators(origin: Origin) -> None:
    """If-Match refuses and If-Range falls back when the validator is another."""
    path = f"/files/{SIZE}"
    etag = ask(origin, path, "HEAD").headers["ETag"]
    assert ask(origin, path, If_Match=etag, Range="bytes=0-9").status == 206
    assert ask(origin, path, If_Match='"other"').status == 412
    assert ask(origin, path, If_Range=etag, Range="bytes=0-9").status == 206
    assert ask(origin, path, If_Range='"other"', Range="bytes=0-9").status == 200


def test_weak_validator(origin: Origin) -> None:
    """A weak validator matches nothing, and there may be none."""
    path = f"/files/{SIZE}?etag=weak"
    etag = ask(origin, path, "HEAD").headers["ETag"]
    assert etag.startswith("W/")
    assert ask(origin, path, If_Match=etag).status == 412
    assert ask(origin, path, If_Range=etag, Range="bytes=0-9").status == 200
    assert ask(origin, f"/files/{SIZE}?etag=none", "HEAD").headers["ETag"] is None


def test_change(origin: Origin) -> None:
    """Content and validator change together after some requests."""
    path = "/files/1000?change_after=2"
    first, second, third = (ask(origin, path) for _ in range(3))
    assert (first.headers["ETag"], first.body) == (second.headers["ETag"], second.body)
    assert third.headers["ETag"] != first.headers["ETag"]
    assert third.body == Origin.content(1000, version=1) != first.body


def test_no_ranges_no_length(origin: Origin) -> None:
    """Ranges can be ignored and the length hidden."""
    answer = ask(origin, f"/files/{SIZE}?ranges=no&length=no", Range="bytes=0-9")
    assert (answer.status, answer.headers["Content-Length"]) == (200, None)
    assert answer.headers["Accept-Ranges"] is None
    assert answer.body == Origin.content(SIZE)


def test_status(origin: Origin) -> None:
    """It fails as often as asked, and then succeeds."""
    path = "/files/10?status=503&times=2"
    assert [ask(origin, path).status for _ in range(3)] == [503, 503, 200]
    assert ask(origin, "/files/10?status=404").status == 404
    assert ask(origin, "/files/10?status=302&location=/files/11").headers["Location"] == "/files/11"


@pytest.mark.parametrize("option", ["close_after=2000000", "short=1000000", "close_after=2000000&length=no"])
def test_break_off(origin: Origin, option: str) -> None:
    """It breaks off after exactly the bytes asked for, however they are counted."""
    answer = ask(origin, f"/files/{SIZE}?{option}&times=1")
    assert answer.truncated
    assert answer.body == Origin.content(SIZE, 0, 2_000_000)
    assert ask(origin, f"/files/{SIZE}?{option}&times=1").body == Origin.content(SIZE)


@pytest.mark.parametrize(("option", "headers"), [("status=0", False), ("reset_after=2000000", True)])
def test_reset(origin: Origin, option: str, headers: bool) -> None:
    """It resets the connection, before it answers or in the middle: an error of the socket, not an end."""
    connection = http.client.HTTPConnection(urlsplit(origin.base_url).netloc, timeout=10)
    connection.request("GET", f"/files/{SIZE}?{option}&times=1")
    if headers:
        answer = connection.getresponse()
        with pytest.raises(ConnectionResetError):
            answer.read()
    else:
        with pytest.raises(ConnectionResetError):
            connection.getresponse()
    connection.close()
    assert ask(origin, f"/files/{SIZE}?{option}&times=1").body == Origin.content(SIZE)


def test_stall(origin: Origin) -> None:
    """It stops sending and stays there."""
    connection = http.client.HTTPConnection(urlsplit(origin.base_url).netloc, timeout=0.3)
    connection.request("GET", "/files/100?stall_after=40")
    answer = connection.getresponse()
    assert answer.read(40) == Origin.content(100, 0, 40)
    with pytest.raises(TimeoutError):
        answer.read(1)
    connection.close()


@pytest.mark.parametrize("length", ["", "&length=no"])
def test_pause(origin: Origin, length: str) -> None:
    """It stops sending for a while and goes on."""
    assert ask(origin, f"/files/{SIZE}?stall_after=40&stall=0.05{length}").body == Origin.content(SIZE)


@pytest.mark.parametrize("length", ["", "&length=no"])
def test_extra(origin: Origin, length: str) -> None:
    """It sends more than the range that it announces."""
    answer = ask(origin, f"/files/{SIZE}?extra=5{length}", Range="bytes=10-19")
    assert (answer.status, answer.headers["Content-Range"]) == (206, f"bytes 10-19/{SIZE}")
    assert answer.body == Origin.content(SIZE, 10, 25)


def test_window(origin: Origin) -> None:
    """What goes wrong can begin late and end again."""
    path = f"/files/{SIZE}?status=416&after=1&times=2&retry_after=7"
    answers = [ask(origin, path, Range="bytes=0-9") for _ in range(4)]
    assert [answer.status for answer in answers] == [206, 416, 416, 206]
    assert [answer.headers["Retry-After"] for answer in answers] == [None, "7", "7", None]
    path = f"/files/{SIZE}?ranges=no&after=1"
    assert [ask(origin, path, Range="bytes=0-9").status for _ in range(3)] == [206, 200, 200]


def test_growth(origin: Origin) -> None:
    """A file that changes can become longer."""
    path = "/files/1000?change_after=1&grow=24"
    assert ask(origin, path).body == Origin.content(1000)
    grown = ask(origin, path)
    assert (grown.headers["Content-Length"], grown.headers["ETag"]) == ("1024", '"1024-1"')
    assert grown.body == Origin.content(1024, version=1)


def test_slow(origin: Origin) -> None:
    """It can think first and send slowly."""
    began = time.monotonic()
    assert ask(origin, "/files/1?first_byte=0.2").body == Origin.content(1)
    assert ask(origin, "/files/20000?rate=100000").body == Origin.content(20_000)
    assert time.monotonic() - began >= 0.35


def test_slow_no_more(origin: Origin) -> None:
    """It thinks as often as asked only, as one that makes a report once does."""
    assert ask(origin, "/files/1?first_byte=60&times=0").body == Origin.content(1)


def test_stop() -> None:
    """Stopping does not wait for an answer that takes a minute."""
    began = time.monotonic()
    came = threading.Event()
    with Origin(first_byte=60, on_request=lambda _: came.set()) as origin:
        netloc = urlsplit(origin.base_url).netloc
        connection = http.client.HTTPConnection(netloc, timeout=10)
        connection.request("GET", "/files/1")
        assert came.wait(10)
    connection.close()
    assert time.monotonic() - began < 10


def test_requests(origin: Origin) -> None:
    """It remembers what it saw, header names in lower case."""
    ask(origin, "/files/1?x=y", X_Token="made-up")
    (request,) = origin.requests
    assert isinstance(request, Request)
    assert (request.method, request.path, request.headers["x-token"]) == ("GET", "/files/1?x=y", "made-up")


@pytest.mark.parametrize("path", ["/", "/files/", "/files/many", "/files/1mb", "/other/1"])
def test_unknown(origin: Origin, path: str) -> None:
    """An unknown path is a 404 page, as real origins have."""
    answer = ask(origin, path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html")
