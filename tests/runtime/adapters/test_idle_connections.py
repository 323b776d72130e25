"""Reuse of connections to origins: silent ones, shortly after a range, to an address that is checked again."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

import pytest

from runtime.adapters.http_body import HttpBody
from runtime.adapters.idle_connections import MAX_IDLE, MAX_IDLE_SECONDS
from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import OriginAddressRefusedError, OriginTimeoutError
from tests.runtime.support.fakes import do_nothing
from tests.runtime.support.http_server import CERTIFICATE, Exchange, Server, serving

OK = "HTTP/1.1 200 OK"
PARTIAL = "HTTP/1.1 206 Partial Content"


def accept_any(_address: str) -> None:
    """Accept every address."""


def send_hello(exchange: Exchange) -> None:
    """Send five bytes and their length."""
    exchange.send(PARTIAL, "Content-Length: 5", body=b"hello")


def get(origins: HttpOrigins, server: Server, check: Callable[[str], None] = accept_any) -> HttpBody:
    """Send one GET."""
    return origins.get(
        server.url.replace("files.example.com", "localhost"), {}, check=check, timeout=2, while_waiting=do_nothing
    )


def read_once(body: HttpBody, max_bytes: int = 100) -> bytes:
    """Read once and close the body."""
    content = body.read(max_bytes, 2)
    body.close()
    return content


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_connection_is_reused(tls: bool) -> None:
    with serving(send_hello, tls=tls, keep=True) as server:
        origins = HttpOrigins(ssl.create_default_context(cafile=str(CERTIFICATE)))
        assert [read_once(get(origins, server)) for _ in range(3)] == [b"hello"] * 3
    assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize(
    ("lines", "body", "max_bytes"),
    [
        (["Content-Length: 5"], b"hello", 3),
        (["Content-Length: 5", "Connection: close"], b"hello", 100),
        ([], b"hello", 100),
    ],
    ids=["not read to its end", "closing", "until the end"],
)
def test_connection_that_cannot_be_reused_is_closed(lines: list[str], body: bytes, max_bytes: int) -> None:
    """The rest of a response must not become the beginning of the next."""
    with serving(lambda exchange: exchange.send(PARTIAL, *lines, body=body), keep=True) as server:
        origins = HttpOrigins()
        for _ in range(2):
            assert read_once(get(origins, server), max_bytes) == body[:max_bytes]
    assert server.connections == 2


def test_connection_with_surplus_bytes_is_closed() -> None:
    with serving(
        lambda exchange: exchange.send(PARTIAL, "Content-Length: 5", body=b"helloHTTP/1.1 200"), keep=True
    ) as server:
        origins = HttpOrigins()
        assert [read_once(get(origins, server)) for _ in range(2)] == [b"hello"] * 2


def test_connection_is_closed_after_a_response_that_is_no_range() -> None:
    """An origin may leave it open without reading another request."""
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 5", body=b"hello"), keep=True) as server:
        origins = HttpOrigins()
        assert [read_once(get(origins, server)) for _ in range(2)] == [b"hello"] * 2
    assert server.connections == 2


def test_connection_closed_by_the_origin_is_opened_again() -> None:
    with serving(send_hello) as server:
        origins = HttpOrigins()
        assert [read_once(get(origins, server)) for _ in range(3)] == [b"hello"] * 3
    assert server.connections == 3


def test_request_on_a_connection_that_resets_is_sent_again() -> None:
    """The origin closed the connection while the request was on its way."""

    def reset_second_request(exchange: Exchange) -> None:
        if len(server.requests) == 2:
            exchange.reset()
        else:
            send_hello(exchange)

    with serving(reset_second_request, keep=True) as server:
        origins = HttpOrigins()
        assert [read_once(get(origins, server)) for _ in range(2)] == [b"hello"] * 2
    assert (len(server.requests), server.connections) == (3, 2)


def test_silence_on_a_reused_connection_is_not_retried() -> None:
    """A second request would slow a slow origin down."""

    def answer_first_request(exchange: Exchange) -> None:
        if len(server.requests) == 1:
            send_hello(exchange)
        else:
            exchange.hold()

    with serving(answer_first_request, keep=True) as server:
        origins = HttpOrigins()
        read_once(get(origins, server))
        with pytest.raises(OriginTimeoutError):
            origins.get(
                server.url.replace("files.example.com", "localhost"),
                {},
                check=accept_any,
                timeout=0.2,
                while_waiting=do_nothing,
            )
    assert len(server.requests) == 2


def test_address_is_checked_for_each_request() -> None:
    """Another origin may share the host but not its permission."""

    def refuse(_address: str) -> None:
        raise OriginAddressRefusedError("No.")

    with serving(send_hello, keep=True) as server:
        origins = HttpOrigins()
        read_once(get(origins, server))
        with pytest.raises(OriginAddressRefusedError):
            get(origins, server, check=refuse)
    assert len(server.requests) == 1


@pytest.mark.parametrize("seconds", [MAX_IDLE_SECONDS + 1, -60.0], ids=["long ago", "the clock was set"])
def test_connection_that_was_idle_for_long_is_closed(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A NAT or a frozen worker has forgotten it without closing it."""
    with serving(send_hello, keep=True) as server:
        origins = HttpOrigins()
        read_once(get(origins, server))
        now = time.time()
        monkeypatch.setattr("runtime.adapters.idle_connections.time.time", lambda: now + seconds)
        read_once(get(origins, server))
    assert server.connections == 2


def test_number_of_idle_connections_is_limited() -> None:
    with serving(send_hello, keep=True) as server:
        origins = HttpOrigins()
        bodies = [get(origins, server) for _ in range(MAX_IDLE + 2)]
        for body in bodies:
            read_once(body)
        for body in [get(origins, server) for _ in range(MAX_IDLE + 1)]:
            read_once(body)
    assert server.connections == MAX_IDLE + 3
