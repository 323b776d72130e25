"""HTTP to origins, against a real server: the checked address is the connected one, and every fault has its type."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from runtime.adapters import origin_http
from runtime.adapters.http_body import HttpBody
from runtime.adapters.idle_connections import Place
from runtime.adapters.origin_http import HttpOrigins
from runtime.adapters.response_head import MAX_HEADS
from runtime.errors import (
    AsyncDownloadError,
    OriginAddressRefusedError,
    OriginError,
    OriginStalledError,
    OriginTimeoutError,
    OriginTlsError,
    OriginTruncatedError,
    OriginUnreachableError,
    StoppedError,
)
from runtime.models import Origin
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure
from tests.runtime.support.fakes import do_nothing
from tests.runtime.support.http_server import CERTIFICATE, Exchange, serving
from tests.runtime.support.world import PART, World, content_of

OK = "HTTP/1.1 200 OK"


def accept_any(_address: str) -> None:
    """Accept every address."""


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return the addresses of each name; literal addresses resolve to themselves."""
    addresses = {"files.example.com": ["127.0.0.1"]}
    getaddrinfo: Any = socket.getaddrinfo

    def resolve(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if not re.search("[a-z]", host):
            return getaddrinfo(host, port, *arguments, **options)
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            address_info
            for address in addresses[host]
            for address_info in getaddrinfo(address, port, *arguments, **options)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return addresses


def get(url: str, *, timeout: float = 5.0, check: Callable[[str], None] = accept_any, **headers: str) -> HttpBody:
    """Send one GET."""
    return HttpOrigins().get(url, headers, check=check, timeout=timeout, while_waiting=do_nothing)


def read_all(body: HttpBody, timeout: float = 5.0) -> bytes:
    """Read the body to its end."""
    content = b""
    while chunk := body.read(7, timeout):
        assert len(chunk) <= 7
        content += chunk
    body.close()
    return content


def test_request_has_exactly_the_given_headers_and_host_with_port() -> None:
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 0")) as server:
        headers = {"Range": "bytes=0-1", "Accept-Encoding": "identity"}
        read_all(HttpOrigins().get(server.url, headers, check=accept_any, timeout=5, while_waiting=do_nothing))
        lines = server.requests[0].strip().split("\r\n")
    assert lines[0] == "GET /a.csv?x=1 HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: identity",
        f"Host: files.example.com:{server.port}",
        "Range: bytes=0-1",
    ]


def test_response_has_status_lower_case_headers_and_body() -> None:
    """The first of repeated headers counts."""
    lines = ("HTTP/1.1 206 Partial", 'ETAG: "v1"', "Content-Length: 10", "X-A: 1", "X-A: 2")
    with serving(lambda exchange: exchange.send(*lines, body=b"0123456789")) as server:
        body = get(server.url)
        assert (body.status, body.headers["etag"], body.headers["x-a"]) == (206, '"v1"', "1")
        assert read_all(body) == b"0123456789"


@pytest.mark.parametrize(
    ("lines", "raw"),
    [
        ((OK, "Transfer-Encoding: chunked"), b"5\r\n01234\r\n5;x=y\r\n56789\r\n0\r\n\r\n"),
        ((OK, "Connection: close"), b"0123456789"),
        (("HTTP/1.0 200 OK",), b"0123456789"),
        ((OK, "Content-Length: 10"), b"0123456789more than announced"),
    ],
    ids=["chunked", "close", "http-1.0", "extra"],
)
def test_body_is_read_to_its_end_with_any_framing(lines: tuple[str, ...], raw: bytes) -> None:
    with serving(lambda exchange: exchange.send(*lines, body=raw)) as server:
        assert read_all(get(server.url)) == b"0123456789"


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_informational_responses_are_skipped(status: str) -> None:
    lines = (f"HTTP/1.1 {status}", "Content-Length: 99", "Link: </a>", "", f"HTTP/1.1 {status}", "", OK)
    with serving(lambda exchange: exchange.send(*lines, "Content-Length: 5", body=b"01234")) as server:
        body = get(server.url)
        assert (body.status, body.headers) == (200, {"content-length": "5"})
        assert read_all(body) == b"01234"


@pytest.mark.parametrize("body", [b"5\r\n012", b"5\r\n01234\r\n", b"5\r\n01234\r\n0\r\n"])
def test_chunked_body_that_ends_early_is_truncated(body: bytes) -> None:
    """`test_chunked.py` cuts at every byte."""
    with serving(lambda exchange: exchange.send(OK, "Transfer-Encoding: chunked", body=body)) as server:
        response = get(server.url)
        with pytest.raises(OriginTruncatedError):
            read_all(response)
        response.close()


def test_reset_in_a_body_is_truncated() -> None:
    def script(exchange: Exchange) -> None:
        exchange.send(OK, "Content-Length: 10", body=b"0123")
        exchange.reset()

    with serving(script) as server:
        response = get(server.url)
        with pytest.raises(OriginTruncatedError):
            read_all(response)
        response.close()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_silence_in_a_body_is_a_stall(connection: str) -> None:
    def script(exchange: Exchange) -> None:
        exchange.send(OK, "Content-Length: 10", f"Connection: {connection}", body=b"0123")
        exchange.hold()

    with serving(script) as server:
        response = get(server.url, timeout=60)
        assert response.read(4, 5) == b"0123"
        with pytest.raises(OriginStalledError):
            response.read(4, 0.05)
        response.close()


def drip(exchange: Exchange) -> None:
    """Send headers without an end, one byte at a time."""
    exchange.send_raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not exchange.closed.wait(0.02):
        exchange.send_raw(b"x")


@pytest.mark.parametrize("script", [Exchange.hold, drip], ids=["silence", "drip"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_response_that_does_not_come_in_time_is_a_timeout(script: Callable[[Exchange], None], tls: bool) -> None:
    with serving(script, tls=tls) as server:
        origins = HttpOrigins(trusting_context() if tls else None)
        with pytest.raises(OriginTimeoutError):
            origins.get(server.url, {}, check=accept_any, timeout=0.3, while_waiting=do_nothing)


@pytest.mark.parametrize("script", [Exchange.hold, drip], ids=["silence", "drip"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_cancel_while_waiting_for_a_response_ends_the_request(
    script: Callable[[Exchange], None], tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin_http, "_CHECK_SECONDS", 0.05)
    checks: list[int] = []

    def check_cancelled() -> None:
        checks.append(1)
        if len(checks) == 3:
            raise StoppedError("The download was stopped.")

    with serving(script, tls=tls) as server:
        origins = HttpOrigins(trusting_context() if tls else None)
        with pytest.raises(StoppedError):
            origins.get(server.url, {}, check=accept_any, timeout=30, while_waiting=check_cancelled)
    assert len(checks) == 3


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (lambda _exchange: None, OriginUnreachableError),
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\nETag: x\r\nConte"), OriginUnreachableError),
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\nETag: x\r\n"), OriginUnreachableError),
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\n"), OriginUnreachableError),
        (Exchange.reset, OriginUnreachableError),
        (lambda exchange: exchange.send_raw(b"SSH-2.0-OpenSSH\r\n\r\n"), OriginError),
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 abc\r\n\r\n"), OriginError),
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEADS), OriginError),
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * MAX_HEADS), OriginError),
    ],
    ids=[
        "closes",
        "in a header",
        "between headers",
        "after the status",
        "resets",
        "not http",
        "no status",
        "long header",
        "many headers",
    ],
)
def test_invalid_response_raises_a_typed_error(
    script: Callable[[Exchange], None], error: type[AsyncDownloadError]
) -> None:
    with serving(script) as server, pytest.raises(error) as caught:
        get(server.url)
    assert "files.example.com" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_refused_connection_is_unreachable() -> None:
    with serving(lambda _exchange: None) as server:
        pass
    with pytest.raises(OriginUnreachableError):
        get(server.url)


@pytest.mark.parametrize("host", ["nowhere.example.com", "a..b", "x" * 70 + ".example.com"])
def test_unresolvable_name_is_unreachable(host: str) -> None:
    with pytest.raises(OriginUnreachableError):
        get(f"http://{host}/")


@pytest.mark.parametrize("path", ["/a b", "/a\x01", "/ü"])
def test_url_with_control_characters_is_not_sent(path: str) -> None:
    """A line break would add a second request."""
    with serving(lambda exchange: exchange.send(OK)) as server:
        with pytest.raises(OriginError):
            get(f"http://files.example.com:{server.port}{path}")
        assert (server.requests, server.connections) == ([], 0)


@pytest.mark.security
@pytest.mark.parametrize("value", ["secret\r\nX: y", "secret\n", "secret\r", "secret\x00", "secret\u2013"])
def test_header_that_would_end_its_line_is_not_sent(value: str) -> None:
    """A secret may have been stored with a line break; the message must not repeat it."""
    with serving(lambda exchange: exchange.send(OK)) as server:
        with pytest.raises(OriginError, match="secret header") as caught:
            get(server.url, Authorization=value)
        assert (server.requests, server.connections) == ([], 0)
    assert "secret\\" not in repr(caught.value)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://files.example.com/a", "files.example.com"),
        ("https://files.example.com:443/a", "files.example.com"),
        ("https://files.example.com:80/a", "files.example.com:80"),
        ("http://[::1]:8080/a", "[::1]:8080"),
        ("http://b\xfccher.example/a", "xn--bcher-kva.example"),
    ],
)
def test_host_has_brackets_and_a_port_where_it_needs_them(url: str, host: str) -> None:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    request = origin_http._build_request("/a", Place(parts.scheme, parts.hostname or "", port), {"X-A": "\xe9"})
    assert request == f"GET /a HTTP/1.1\r\nHost: {host}\r\nX-A: \xe9\r\n\r\n".encode("latin-1")


def refuse_addresses(*addresses: str) -> Callable[[str], None]:
    """Return a check that refuses these addresses."""

    def check(address: str) -> None:
        if address in addresses:
            raise OriginAddressRefusedError(address)

    return check


def test_refused_address_is_never_connected_to(addresses: dict[str, list[str]]) -> None:
    """One refused address among others is enough."""
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 0")) as server:
        with pytest.raises(OriginAddressRefusedError):
            get(server.url, check=refuse_addresses("127.0.0.1"))
        addresses["files.example.com"] = ["127.0.0.1", "10.0.0.1"]
        with pytest.raises(OriginAddressRefusedError):
            get(server.url, check=refuse_addresses("10.0.0.1"))
        assert server.requests == []


def test_checked_address_is_the_connected_one(addresses: dict[str, list[str]]) -> None:
    """A name that is rebound after the check gains nothing: it is resolved once."""
    checked: list[str] = []

    def rebind(address: str) -> None:
        checked.append(address)
        addresses["files.example.com"] = ["10.255.255.1"]

    with serving(lambda exchange: exchange.send(OK, "Content-Length: 2", body=b"ok")) as server:
        assert read_all(get(server.url, check=rebind)) == b"ok"
    assert checked == ["127.0.0.1"]


def test_next_address_is_tried_if_one_does_not_answer(addresses: dict[str, list[str]]) -> None:
    addresses["files.example.com"] = ["127.0.0.2", "127.0.0.1"]
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 2", body=b"ok")) as server:
        assert read_all(get(server.url)) == b"ok"


def trusting_context() -> ssl.SSLContext:
    """Return a client context that trusts the test's certificate."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def test_tls_is_verified_for_the_name_not_the_address() -> None:
    """The name is sent as SNI and must be in the certificate."""
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 2", body=b"ok"), tls=True) as server:
        body = HttpOrigins(trusting_context()).get(
            server.url, {}, check=accept_any, timeout=5, while_waiting=do_nothing
        )
        assert read_all(body) == b"ok"
        assert server.names == ["files.example.com"]


def test_untrusted_issuer_or_other_name_is_refused(addresses: dict[str, list[str]]) -> None:
    addresses["other.example.com"] = ["127.0.0.1"]
    with serving(lambda exchange: exchange.send(OK), tls=True) as server:
        with pytest.raises(OriginTlsError):
            get(server.url)
        other_url = server.url.replace("files.", "other.")
        with pytest.raises(OriginTlsError):
            HttpOrigins(trusting_context()).get(other_url, {}, check=accept_any, timeout=5, while_waiting=do_nothing)
        assert server.requests == []


def test_plain_http_on_a_tls_port_is_a_tls_error() -> None:
    def answer_plainly() -> None:
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            sock.recv(100)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1000):
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_plainly)
        thread.start()
        with pytest.raises(OriginTlsError):
            get(f"https://files.example.com:{listener.getsockname()[1]}/")
        thread.join(10)


def test_connection_sends_keep_alive_probes() -> None:
    """A NAT forgets connections that are idle while the origin prepares its answer."""
    options: list[int] = []
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 0")) as server:
        body = get(server.url)
        options.append(body._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        body.close()
    assert options == [1]


def test_copy_over_real_sockets_resumes_after_a_cut(world: World) -> None:
    content = content_of(4 * PART)
    cuts = [None, 1700, None]

    def script(exchange: Exchange) -> None:
        match = re.search(r"Range: bytes=(\d+)-(\d*)", exchange.head)
        assert match
        start, end = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
        length = f"Content-Length: {end - start + 1}"
        content_range = f"Content-Range: bytes {start}-{end}/{len(content)}"
        cut = cuts.pop(0)
        body = content[start : end + 1]
        exchange.send("HTTP/1.1 206 Partial", length, content_range, 'ETag: "v1"', body=body[:cut])

    with serving(script) as server:
        world.put_download()
        world.origins = HttpOrigins()  # type: ignore[assignment]
        base = f"http://127.0.0.1:{server.port}/"
        assert world.copy(origin=Origin("reports", base, allow_http=True), loopback=True) == {"outcome": "STORED"}
        ranges = [line for request in server.requests for line in request.split("\r\n") if line.startswith("Range")]
    assert_stored(world, content)
    assert ranges == ["Range: bytes=0-999", "Range: bytes=1000-", "Range: bytes=2700-"]


@pytest.mark.parametrize("cuts", [1, 9], ids=["once", "always"])
def test_gzip_that_is_cut_between_its_members_is_tried_again(world: World, cuts: int) -> None:
    """The bytes before the cut are complete gzip: only the Content-Length says that more was to come."""
    members = [gzip.compress(content_of(size)) for size in (300, 400, 500)]
    body = b"".join(members)

    def script(exchange: Exchange) -> None:
        cut = len(members[0]) if len(server.requests) <= cuts else len(body)
        exchange.send(OK, "Content-Encoding: gzip", f"Content-Length: {len(body)}", body=body[:cut])

    with serving(script) as server:
        world.put_download()
        world.origins = HttpOrigins()  # type: ignore[assignment]
        base = f"http://127.0.0.1:{server.port}/"
        outcome = world.copy(origin=Origin("reports", base, allow_http=True), loopback=True)
    if cuts == 1:
        assert outcome == {"outcome": "STORED"}
        assert_stored(world, content_of(300) + content_of(400) + content_of(500))
    else:
        assert is_failure("ORIGIN_TRUNCATED", outcome)
        assert_nothing_left(world)
