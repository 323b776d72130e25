"""Bodies of responses: whole only when their framing says so, and then at once."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from runtime.adapters import origin_tls
from runtime.adapters.http_body import HttpBody
from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import OriginError, OriginTruncatedError, OriginUnreachableError
from tests.runtime.support.fakes import do_nothing
from tests.runtime.support.http_server import CERTIFICATE, Exchange, Server, serving

pytestmark = pytest.mark.security

OK = "HTTP/1.1 200 OK"
CHUNKS = b"5\r\n01234\r\n5;x=y\r\n56789\r\n0\r\nX: y\r\n\r\n"
FILE = b"0123456789"
Script = Callable[[Exchange], None]


def trusting_origins() -> HttpOrigins:
    """Return origins that trust the server's certificate."""
    return HttpOrigins(ssl.create_default_context(cafile=str(CERTIFICATE)))


def get(server: Server, origins: HttpOrigins | None = None) -> HttpBody:
    """Send one GET."""
    url = server.url.replace("files.example.com", "localhost")
    return (origins or trusting_origins()).get(
        url, {}, check=lambda _address: None, timeout=5, while_waiting=do_nothing
    )


def read_all(body: HttpBody) -> bytes:
    """Read the body to its end and close it."""
    content = b""
    try:
        while piece := body.read(7, 5):
            content += piece
    finally:
        body.close()
    return content


def end_without_notice(exchange: Exchange) -> None:
    """Close the TCP connection of a TLS connection."""
    exchange.sock.shutdown(socket.SHUT_RDWR)


def end_with_notice(exchange: Exchange) -> None:
    """Send close_notify. The server then closes the TCP connection."""
    assert isinstance(exchange.sock, ssl.SSLSocket)
    exchange.sock.settimeout(0)
    with suppress(ssl.SSLWantReadError):  # it does not wait for the client's
        exchange.sock.unwrap()


def respond(*fields: str, body: bytes, end: Script | None = None) -> Script:
    """Return a script that sends a response and ends the connection."""

    def script(exchange: Exchange) -> None:
        exchange.send(OK, *fields, body=body)
        if end is not None:
            end(exchange)

    return script


@pytest.mark.parametrize("end", [end_with_notice, end_without_notice, Exchange.hold], ids=["notice", "eof", "open"])
@pytest.mark.parametrize(
    ("field", "body"),
    [("Content-Length: 10", FILE), ("Content-Length: 10, 10", FILE), ("Transfer-Encoding: chunked", CHUNKS)],
    ids=["length", "lengths", "chunks"],
)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_complete_body_is_the_file_whatever_becomes_of_the_connection(
    end: Script, field: str, body: bytes, tls: bool
) -> None:
    """The end is noticed at once, although the connection may stay open."""
    if not tls and end is end_with_notice:
        end = end_without_notice
    with serving(respond(field, "X-Gr\xf6\xdfe: 1", body=body, end=end), tls=tls) as server:
        started = time.monotonic()
        assert read_all(get(server)) == FILE
        assert time.monotonic() - started < 3


@pytest.mark.parametrize("end", [end_with_notice, end_without_notice], ids=["notice", "eof"])
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (["Content-Length: 10"], FILE[:9]),
        (["Content-Length: 10"], b""),
        (["Content-Length: 10", "Content-Encoding: gzip"], FILE[:9]),
        (["Transfer-Encoding: chunked"], CHUNKS[:-2]),
        (["Transfer-Encoding: chunked"], CHUNKS[:-10]),
        (["Transfer-Encoding: chunked"], b""),
    ],
)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_body_that_ends_before_its_framing_is_truncated(end: Script, fields: list[str], body: bytes, tls: bool) -> None:
    if not tls and end is end_with_notice:
        end = end_without_notice
    with serving(respond(*fields, body=body, end=end), tls=tls) as server, pytest.raises(OriginTruncatedError):
        read_all(get(server))


@pytest.mark.parametrize(("end", "is_whole"), [(end_with_notice, True), (end_without_notice, False)])
@pytest.mark.parametrize("body", [FILE, b""], ids=["file", "empty"])
def test_tls_body_without_length_is_whole_after_close_notify_only(end: Script, is_whole: bool, body: bytes) -> None:
    """Anybody on the way can end the TCP connection."""
    with serving(respond(body=body, end=end), tls=True) as server:
        response = get(server)
        if is_whole:
            assert read_all(response) == body
        else:
            with pytest.raises(OriginTruncatedError, match="without close_notify"):
                read_all(response)


@pytest.mark.parametrize("body", [FILE, b""], ids=["file", "empty"])
def test_plain_body_without_length_is_whole_after_fin(body: bytes) -> None:
    with serving(respond(body=body)) as server:
        assert read_all(get(server)) == body


def test_plain_body_without_length_is_truncated_by_a_reset() -> None:
    has_head = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.send(OK, body=FILE)
        has_head.wait(5)
        exchange.reset()

    with serving(script) as server:
        body = get(server)
        has_head.set()
        with pytest.raises(OriginTruncatedError):
            read_all(body)


def test_tls_that_ends_in_the_head_without_close_notify_is_unreachable() -> None:
    """The copy tries again, unlike after a refused certificate."""

    def script(exchange: Exchange) -> None:
        exchange.send_raw(b"HTTP/1.1 200 OK\r\nContent-Le")
        end_without_notice(exchange)

    with serving(script, tls=True) as server, pytest.raises(OriginUnreachableError):
        get(server)


def test_tls_contexts_take_no_end_without_close_notify() -> None:
    """The configuration of OpenSSL may set the option."""
    lenient = ssl.create_default_context()
    lenient.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
    for context in (origin_tls.harden(lenient), origin_tls.public_context()):
        assert not context.options & ssl.OP_IGNORE_UNEXPECTED_EOF


def test_tls_connection_with_surplus_bytes_is_closed() -> None:
    """They are decrypted already, so that the socket itself is quiet."""
    script = respond("Content-Length: 20000", body=bytes(20_000) + b"HTTP/1.1 200 OK\r\n\r\n")
    with serving(script, tls=True, keep=True) as server:
        origins = trusting_origins()
        assert [len(read_all(get(server, origins))) for _ in range(2)] == [20_000, 20_000]
    assert server.connections == 2


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_response_without_body_ends_with_its_head(status: str) -> None:
    with serving(lambda exchange: exchange.send(f"HTTP/1.1 {status}", "Content-Length: 5"), keep=True) as server:
        assert read_all(get(server)) == b""


def test_response_with_150_headers_is_read() -> None:
    fields = [f"X-{number}: {'y' * 600}" for number in range(150)]
    with serving(respond(*fields, "Content-Length: 10", body=FILE)) as server:
        assert read_all(get(server)) == FILE


@pytest.mark.parametrize(
    "raw",
    [b"\x00\x00\x06\x04\x00\x00\x00\x00\x00", b"ICY 200 OK\r\n\r\n", b"the file", b"HTTP/2.0 200 OK\r\n\r\n"],
    ids=["HTTP/2", "ICY", "HTTP/0.9", "HTTP/2 as text"],
)
def test_other_protocol_is_an_error_although_the_connection_stays_open(raw: bytes) -> None:
    def script(exchange: Exchange) -> None:
        exchange.send_raw(raw)
        exchange.hold()

    started = time.monotonic()
    with serving(script) as server, pytest.raises(OriginError, match="not HTTP"):
        get(server)
    assert time.monotonic() - started < 3
