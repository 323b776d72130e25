"""Origins on real sockets that handle ranges and conditions in odd ways, as servers and firewalls do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.adapters.origin_http import HttpOrigins
from runtime.logic.copying.outcome import Outcome
from runtime.models import Origin
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure
from tests.runtime.support.http_server import Exchange, Script, Server, serving
from tests.runtime.support.slicing import SLICES
from tests.runtime.support.world import PART, World, content_of

SIZE = 10 * PART + 7
CONTENT = content_of(SIZE)
Ranged = Callable[[Exchange, int, int], None]


def send(exchange: Exchange, status: str, body: bytes, *headers: str) -> None:
    """Send an answer with an ETag and Content-Length."""
    exchange.send(f"HTTP/1.1 {status}", 'ETag: "v1"', f"Content-Length: {len(body)}", *headers, body=body)


def send_range(exchange: Exchange, first: int, last: int) -> None:
    """Send a range of the file."""
    send(exchange, "206 Partial Content", CONTENT[first : last + 1], f"Content-Range: bytes {first}-{last}/{SIZE}")


def serve_with(ranged: Ranged, whole: str = "200 OK") -> Script:
    """Return a script that answers requests for a range with a function, and others with the file."""

    def script(exchange: Exchange) -> None:
        match = re.search(r"^Range: bytes=(\d+)-(\d*)", exchange.head, re.M)
        if match is None:
            assert "If-" not in exchange.head
            send(exchange, whole, CONTENT)
        else:
            ranged(exchange, int(match[1]), min(int(match[2] or SIZE), SIZE - 1))

    return script


def refuse(status: str) -> Ranged:
    """Return an origin that answers a range with this status and a page."""
    return lambda exchange, _first, _last: send(exchange, status, b"<html>")


def refuse_conditions(exchange: Exchange, first: int, last: int) -> None:
    """Answer 412 to If-Match."""
    if "If-Match:" in exchange.head:
        send(exchange, "412 Precondition Failed", b"")
    else:
        send_range(exchange, first, last)


def serve_first_range_only(exchange: Exchange, first: int, last: int) -> None:
    """Answer 200 to ranges that do not begin at 0."""
    if first:
        send(exchange, "200 OK", CONTENT)
    else:
        send_range(exchange, first, last)


def send_range_with(content_range: str) -> Ranged:
    """Return an origin with this header instead of Content-Range."""

    def answer(exchange: Exchange, first: int, last: int) -> None:
        line = content_range.format(first=first, last=last, size=SIZE)
        send(exchange, "206 Partial Content", CONTENT[first : last + 1], line)

    return answer


def send_multipart(exchange: Exchange, first: int, last: int) -> None:
    """Answer a single range with multipart/byteranges."""
    head = f"--b\r\nContent-Type: text/csv\r\nContent-Range: bytes {first}-{last}/{SIZE}\r\n\r\n".encode()
    body = head + CONTENT[first : last + 1] + b"\r\n--b--\r\n"
    send(exchange, "206 Partial Content", body, "Content-Type: multipart/byteranges; boundary=b")


def send_chunked_pieces(exchange: Exchange, first: int, last: int) -> None:
    """Send at most 700 bytes of a range, in a chunk."""
    last = min(last, first + 699)
    exchange.send(
        "HTTP/1.1 206 Partial Content",
        'ETag: "v1"',
        "Transfer-Encoding: chunked",
        f"Content-Range: bytes {first}-{last}/{SIZE}",
        body=f"{last - first + 1:x}\r\n".encode() + CONTENT[first : last + 1] + b"\r\n0\r\n\r\n",
    )


ODD: dict[str, Ranged] = {
    "pieces": lambda exchange, first, last: send_range(exchange, first, min(last, first + 699)),
    "pieces in chunks": send_chunked_pieces,
    "a byte less": lambda exchange, first, last: send_range(exchange, first, max(first, last - 1)),
    "412 to If-Match": refuse_conditions,
    "200 to later ranges": serve_first_range_only,
    **{
        status: refuse(f"{status} Refused")
        for status in ("400", "403", "405", "406", "409", "412", "416", "501", "500", "507")
    },
    "Content-Range like Range": send_range_with("Content-Range: bytes={first}-{last}/{size}"),
    "Content-Range without size": send_range_with("Content-Range: bytes {first}-{last}/*"),
    "no Content-Range": send_range_with("X-Nothing: 0"),
    "multipart": send_multipart,
    "203": lambda exchange, _first, _last: send(exchange, "203 Non-Authoritative Information", CONTENT),
}
CONTINUED = {"pieces", "pieces in chunks", "a byte less"}
PLANNED = CONTINUED | {"412 to If-Match", "200 to later ranges"}


def copy_from(server: Server, world: World, *, fan_out: int = 0) -> Outcome:
    """Copy the file of a server, in slices if it is planned, as the state machine does."""
    world.origins = HttpOrigins()  # type: ignore[assignment]
    origin = Origin("reports", f"http://127.0.0.1:{server.port}/", allow_http=True)
    outcome = world.copy(origin=origin, loopback=True, fan_out=fan_out)
    while outcome["outcome"] in ("PLANNED", "RESTART"):
        if outcome["outcome"] == "PLANNED":
            for index in range(SLICES):
                world.copy_slice(index, origin=origin, loopback=True)
            outcome = world.complete()
        else:
            outcome = world.copy(origin=origin, loopback=True, fan_out=fan_out)
    return outcome


@pytest.mark.parametrize("keep", [False, True], ids=["close", "keep"])
@pytest.mark.parametrize("name", ODD)
def test_file_of_an_odd_origin_is_copied(world: World, name: str, keep: bool) -> None:
    world.put_download()
    with serving(serve_with(ODD[name]), keep=keep) as server:
        assert copy_from(server, world) == {"outcome": "STORED"}
    assert_stored(world, CONTENT)
    plain = [head for head in server.requests if "Range: " not in head]
    assert len(plain) == (0 if name in CONTINUED | {"203"} else 1)


@pytest.mark.parametrize("name", sorted(PLANNED))
def test_large_file_of_an_odd_origin_is_copied(world: World, name: str) -> None:
    world.put_download()
    with serving(serve_with(ODD[name]), keep=True) as server:
        assert copy_from(server, world, fan_out=1) == {"outcome": "STORED"}
    assert world.row.stored is not None
    world.downloads.rows[world.row.execution_arn] = replace(
        world.row, stored=replace(world.row.stored, sha256=hashlib.sha256(CONTENT).hexdigest())
    )
    assert_stored(world, CONTENT)


@pytest.mark.parametrize("whole", ["204 No Content", "205 Reset Content", "226 IM Used", "404 Not Found"])
def test_origin_without_a_plain_answer_fails_and_leaves_nothing(world: World, whole: str) -> None:
    world.put_download()
    with serving(serve_with(refuse("405 Refused"), whole)) as server:
        outcome = copy_from(server, world)
    assert is_failure("ORIGIN_NOT_FOUND" if "404" in whole else "ORIGIN_ERROR", outcome)
    assert "Ranges were not used: The origin answered HTTP 405 when a range was requested." in str(outcome["error"])
    assert_nothing_left(world)
