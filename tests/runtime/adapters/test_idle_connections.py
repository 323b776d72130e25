"""Connections to origins that are used again: only quiet ones, for a moment, and to an address that passes again."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

import pytest

from runtime.adapters.idle_connections import MAX_IDLE, MAX_IDLE_SECONDS
from runtime.adapters.origin_http import HttpBody, HttpOrigins
from runtime.errors import OriginAddressRefusedError, OriginTimeoutError
from tests.runtime.support.fakes import nothing
from tests.runtime.support.http_server import CERTIFICATE, Exchange, Server, serving

OK = "HTTP/1.1 200 OK"


def anything(_address: str) -> None:
    """A check that lets every address pass."""


def hello(exchange: Exchange) -> None:
    """Five bytes, announced."""
    exchange.send(OK, "Content-Length: 5", body=b"hello")


def get(origins: HttpOrigins, server: Server, check: Callable[[str], None] = anything) -> HttpBody:
    """One GET."""
    return origins.get(
        server.url.replace("files.example.com", "localhost"), {}, check=check, timeout=2, while_waiting=nothing
    )


def read(body: HttpBody, most: int = 100) -> bytes:
    """What one read gives."""
    content = body.read(most, 2)
    body.close()
    return content


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_connection_is_used_again(tls: bool) -> None:
    """One handshake for many ranges."""
    with serving(hello, tls=tls, keep=True) as server:
        origins = HttpOrigins(ssl.create_default_context(cafile=str(CERTIFICATE)))
        assert [read(get(origins, server)) for _ in range(3)] == [b"hello"] * 3
    assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize(
    ("lines", "body", "most"),
    [
        (["Content-Length: 5"], b"hello", 3),
        (["Content-Length: 5", "Connection: close"], b"hello", 100),
        ([], b"hello", 100),
    ],
    ids=["not read to its end", "closing", "until the end"],
)
def test_a_connection_that_cannot_be_used_again_is_dropped(lines: list[str], body: bytes, most: int) -> None:
    """The rest of one answer must not be the beginning of the next."""
    with serving(lambda exchange: exchange.send(OK, *lines, body=body), keep=True) as server:
        origins = HttpOrigins()
        for _ in range(2):
            assert read(get(origins, server), most) == body[:most]
    assert server.connections == 2


def test_bytes_that_nobody_asked_for_end_a_connection() -> None:
    """They are no answer to the next request."""
    with serving(
        lambda exchange: exchange.send(OK, "Content-Length: 5", body=b"helloHTTP/1.1 200"), keep=True
    ) as server:
        origins = HttpOrigins()
        assert [read(get(origins, server)) for _ in range(2)] == [b"hello"] * 2


def test_an_origin_that_has_left_is_connected_to_anew() -> None:
    """It closed after its answer without saying so."""
    with serving(hello) as server:
        origins = HttpOrigins()
        assert [read(get(origins, server)) for _ in range(3)] == [b"hello"] * 3
    assert server.connections == 3


def test_an_origin_that_leaves_when_asked_again_is_asked_anew() -> None:
    """It closed while the request was on its way."""

    def every_second(exchange: Exchange) -> None:
        if len(server.requests) == 2:
            exchange.reset()
        else:
            hello(exchange)

    with serving(every_second, keep=True) as server:
        origins = HttpOrigins()
        assert [read(get(origins, server)) for _ in range(2)] == [b"hello"] * 2
    assert (len(server.requests), server.connections) == (3, 2)


def test_a_silence_on_an_open_connection_is_a_silence() -> None:
    """Asking a slow origin twice would make it slower."""

    def then_silent(exchange: Exchange) -> None:
        if len(server.requests) == 1:
            hello(exchange)
        else:
            exchange.hold()

    with serving(then_silent, keep=True) as server:
        origins = HttpOrigins()
        read(get(origins, server))
        with pytest.raises(OriginTimeoutError):
            origins.get(
                server.url.replace("files.example.com", "localhost"),
                {},
                check=anything,
                timeout=0.2,
                while_waiting=nothing,
            )
    assert len(server.requests) == 2


def test_an_address_passes_the_check_for_each_request() -> None:
    """Another origin may share the host, and not the right to go there."""

    def refuse(_address: str) -> None:
        raise OriginAddressRefusedError("No.")

    with serving(hello, keep=True) as server:
        origins = HttpOrigins()
        read(get(origins, server))
        with pytest.raises(OriginAddressRefusedError):
            get(origins, server, check=refuse)
    assert len(server.requests) == 1


@pytest.mark.parametrize("seconds", [MAX_IDLE_SECONDS + 1, -60.0], ids=["long ago", "the clock was set"])
def test_a_connection_that_was_idle_for_long_is_dropped(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A NAT or a frozen worker has forgotten it, and would not say so."""
    with serving(hello, keep=True) as server:
        origins = HttpOrigins()
        read(get(origins, server))
        now = time.time()
        monkeypatch.setattr("runtime.adapters.idle_connections.time.time", lambda: now + seconds)
        read(get(origins, server))
    assert server.connections == 2


def test_few_connections_are_kept() -> None:
    """The oldest goes."""
    with serving(hello, keep=True) as server:
        origins = HttpOrigins()
        bodies = [get(origins, server) for _ in range(MAX_IDLE + 2)]
        for body in bodies:
            read(body)
        for body in [get(origins, server) for _ in range(MAX_IDLE + 1)]:
            read(body)
    assert server.connections == MAX_IDLE + 3
