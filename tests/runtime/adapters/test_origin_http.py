"""HTTP to origins, against a real server: the checked address is the connected one, and every fault has its type."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from runtime.adapters import origin_http
from runtime.adapters.origin_http import HttpBody, HttpOrigins
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
from tests.runtime.support.copying import assert_stored
from tests.runtime.support.fakes import nothing
from tests.runtime.support.http_server import CERTIFICATE, Exchange, serving
from tests.runtime.support.world import PART, World, content_of

OK = "HTTP/1.1 200 OK"


def anything(_address: str) -> None:
    """A check that lets every address pass."""


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to here; literal addresses are themselves."""
    known = {"files.example.com": ["127.0.0.1"]}
    real: Any = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **named: Any) -> Any:
        if not re.search("[a-z]", host):
            return real(host, port, *rest, **named)
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [found for address in known[host] for found in real(address, port, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def get(url: str, *, timeout: float = 5.0, check: Callable[[str], None] = anything, **headers: str) -> HttpBody:
    """One GET."""
    return HttpOrigins().get(url, headers, check=check, timeout=timeout, while_waiting=nothing)


def read_all(body: HttpBody, timeout: float = 5.0) -> bytes:
    """The body to its end."""
    content = b""
    while chunk := body.read(7, timeout):
        assert len(chunk) <= 7
        content += chunk
    body.close()
    return content


def test_a_request_says_what_it_is_told_to_and_no_more() -> None:
    """Host with its port, and the headers once."""
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 0")) as server:
        headers = {"Range": "bytes=0-1", "Accept-Encoding": "identity"}
        read_all(HttpOrigins().get(server.url, headers, check=anything, timeout=5, while_waiting=nothing))
        lines = server.requests[0].strip().split("\r\n")
    assert lines[0] == "GET /a.csv?x=1 HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: identity",
        f"Host: files.example.com:{server.port}",
        "Range: bytes=0-1",
    ]


def test_an_answer_has_status_headers_and_body() -> None:
    """Header names in lower case; of a repeated one the first counts."""
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
def test_bodies_of_every_kind(lines: tuple[str, ...], raw: bytes) -> None:
    """However their end is marked."""
    with serving(lambda exchange: exchange.send(*lines, body=raw)) as server:
        assert read_all(get(server.url)) == b"0123456789"


@pytest.mark.parametrize("while_waiting", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_what_an_origin_says_meanwhile_is_not_its_answer(while_waiting: str) -> None:
    """However often, and with headers of its own."""
    said = (f"HTTP/1.1 {while_waiting}", "Content-Length: 99", "Link: </a>", "", f"HTTP/1.1 {while_waiting}", "", OK)
    with serving(lambda exchange: exchange.send(*said, "Content-Length: 5", body=b"01234")) as server:
        body = get(server.url)
        assert (body.status, body.headers) == (200, {"content-length": "5"})
        assert read_all(body) == b"01234"


@pytest.mark.parametrize("coding", [["gzip, chunked"], ["gzip", "chunked"], ["chunked, chunked"], ["deflate"]])
def test_another_transfer_coding_is_refused(coding: list[str]) -> None:
    """Its framing would become a part of the file."""
    lines = (OK, *(f"Transfer-Encoding: {one}" for one in coding))
    with (
        serving(lambda exchange: exchange.send(*lines, body=b"5\r\n01234\r\n0\r\n\r\n")) as server,
        pytest.raises(OriginError, match="Transfer-Encoding"),
    ):
        get(server.url)


@pytest.mark.parametrize("lengths", [("3", "5"), ("5", "3")])
def test_lengths_that_contradict_each_other_are_refused(lengths: tuple[str, str]) -> None:
    """Nobody could tell how many bytes the file has."""
    lines = (OK, *(f"Content-Length: {length}" for length in lengths))
    with (
        serving(lambda exchange: exchange.send(*lines, body=b"01234")) as server,
        pytest.raises(OriginError, match="contradict each other"),
    ):
        get(server.url)


def test_a_length_that_is_said_twice_is_one_length() -> None:
    """Some proxies repeat it."""
    with serving(lambda exchange: exchange.send(OK, *["Content-Length: 5"] * 2, body=b"01234")) as server:
        assert read_all(get(server.url)) == b"01234"


def test_a_clean_end_before_the_announced_one_is_an_early_end() -> None:
    """Whoever counts will notice."""
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 10", body=b"0123")) as server:
        assert read_all(get(server.url)) == b"0123"


@pytest.mark.parametrize("body", [b"5\r\n012", b"5\r\n01234\r\n", b"5\r\n01234\r\n0\r\n"])
def test_a_chunked_body_that_breaks_off_is_truncated(body: bytes) -> None:
    """In a chunk, between chunks, or before its last CRLF; test_chunked.py has every place."""
    with serving(lambda exchange: exchange.send(OK, "Transfer-Encoding: chunked", body=body)) as server:
        answer = get(server.url)
        with pytest.raises(OriginTruncatedError):
            read_all(answer)
        answer.close()


def test_a_reset_in_the_middle_is_truncated() -> None:
    """The bytes before it may be lost, the type is not."""

    def script(exchange: Exchange) -> None:
        exchange.send(OK, "Content-Length: 10", body=b"0123")
        exchange.reset()

    with serving(script) as server:
        answer = get(server.url)
        with pytest.raises(OriginTruncatedError):
            read_all(answer)
        answer.close()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_a_silence_in_the_middle_is_a_stall(connection: str) -> None:
    """After the time that reading was given, not that of the first byte."""

    def script(exchange: Exchange) -> None:
        exchange.send(OK, "Content-Length: 10", f"Connection: {connection}", body=b"0123")
        exchange.hold()

    with serving(script) as server:
        answer = get(server.url, timeout=60)
        assert answer.read(4, 5) == b"0123"
        with pytest.raises(OriginStalledError):
            answer.read(4, 0.05)
        answer.close()


def drip(exchange: Exchange) -> None:
    """Headers that never end, a byte at a time."""
    exchange.send_raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not exchange.closed.wait(0.02):
        exchange.send_raw(b"x")


@pytest.mark.parametrize("script", [Exchange.hold, drip], ids=["silence", "drip"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_an_answer_that_does_not_come_in_time(script: Callable[[Exchange], None], tls: bool) -> None:
    """However busily it does not come."""
    with serving(script, tls=tls) as server:
        origins = HttpOrigins(trusting() if tls else None)
        with pytest.raises(OriginTimeoutError):
            origins.get(server.url, {}, check=anything, timeout=0.3, while_waiting=nothing)


@pytest.mark.parametrize("script", [Exchange.hold, drip], ids=["silence", "drip"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_an_answer_that_is_not_wanted_any_more(
    script: Callable[[Exchange], None], tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait ends with what was said meanwhile, and the connection is dropped."""
    monkeypatch.setattr(origin_http, "_LOOK_SECONDS", 0.05)
    looks: list[int] = []

    def while_waiting() -> None:
        looks.append(1)
        if len(looks) == 3:
            raise StoppedError("The download was stopped.")

    with serving(script, tls=tls) as server:
        origins = HttpOrigins(trusting() if tls else None)
        with pytest.raises(StoppedError):
            origins.get(server.url, {}, check=anything, timeout=30, while_waiting=while_waiting)
    assert len(looks) == 3


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
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000), OriginError),
        (lambda exchange: exchange.send_raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), OriginError),
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
def test_an_answer_that_is_none(script: Callable[[Exchange], None], error: type[AsyncDownloadError]) -> None:
    """Typed by whether another try may help."""
    with serving(script) as server, pytest.raises(error) as caught:
        get(server.url)
    assert "files.example.com" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_nobody_listens() -> None:
    """A refused connection."""
    with serving(lambda _exchange: None) as server:
        pass
    with pytest.raises(OriginUnreachableError):
        get(server.url)


@pytest.mark.parametrize("host", ["nowhere.example.com", "a..b", "x" * 70 + ".example.com"])
def test_a_name_that_does_not_resolve(host: str) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(OriginUnreachableError):
        get(f"http://{host}/")


@pytest.mark.parametrize("path", ["/a b", "/a\x01", "/ü"])
def test_a_url_that_cannot_be_sent_is_not(path: str) -> None:
    """No second request rides on the first."""
    with serving(lambda exchange: exchange.send(OK)) as server:
        with pytest.raises(OriginError):
            get(f"http://files.example.com:{server.port}{path}")
        assert server.requests == []


def refuse(*refused: str) -> Callable[[str], None]:
    """A check that refuses these addresses."""

    def check(address: str) -> None:
        if address in refused:
            raise OriginAddressRefusedError(address)

    return check


def test_a_refused_address_is_never_connected_to(names: dict[str, list[str]]) -> None:
    """And one bad address among good ones is enough."""
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 0")) as server:
        with pytest.raises(OriginAddressRefusedError):
            get(server.url, check=refuse("127.0.0.1"))
        names["files.example.com"] = ["127.0.0.1", "10.0.0.1"]
        with pytest.raises(OriginAddressRefusedError):
            get(server.url, check=refuse("10.0.0.1"))
        assert server.requests == []


def test_the_address_that_was_checked_is_the_one_connected_to(names: dict[str, list[str]]) -> None:
    """A name that is rebound after the check gains nothing: it is resolved once."""
    seen: list[str] = []

    def rebind(address: str) -> None:
        seen.append(address)
        names["files.example.com"] = ["10.255.255.1"]

    with serving(lambda exchange: exchange.send(OK, "Content-Length: 2", body=b"ok")) as server:
        assert read_all(get(server.url, check=rebind)) == b"ok"
    assert seen == ["127.0.0.1"]


def test_the_next_address_is_tried_when_one_does_not_answer(names: dict[str, list[str]]) -> None:
    """The order is the resolver's business, the answer is the file's."""
    names["files.example.com"] = ["127.0.0.2", "127.0.0.1"]
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 2", body=b"ok")) as server:
        assert read_all(get(server.url)) == b"ok"


def trusting() -> ssl.SSLContext:
    """A client that knows the test's certificate."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def test_tls_is_checked_for_the_name_not_the_address() -> None:
    """The name is sent as SNI and has to be in the certificate; Host has no port that is the default."""
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 2", body=b"ok"), tls=True) as server:
        body = HttpOrigins(trusting()).get(server.url, {}, check=anything, timeout=5, while_waiting=nothing)
        assert read_all(body) == b"ok"
        assert server.names == ["files.example.com"]


def test_tls_that_cannot_be_trusted_is_refused(names: dict[str, list[str]]) -> None:
    """Unknown issuer, another name, or no TLS at all."""
    names["other.example.com"] = ["127.0.0.1"]
    with serving(lambda exchange: exchange.send(OK), tls=True) as server:
        with pytest.raises(OriginTlsError):
            get(server.url)
        other = server.url.replace("files.", "other.")
        with pytest.raises(OriginTlsError):
            HttpOrigins(trusting()).get(other, {}, check=anything, timeout=5, while_waiting=nothing)
        assert server.requests == []


def test_plain_http_where_tls_is_expected() -> None:
    """Its answer to a handshake is no handshake."""

    def talk() -> None:
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            sock.recv(100)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1000):
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(OriginTlsError):
            get(f"https://files.example.com:{listener.getsockname()[1]}/")
        thread.join(10)


def test_a_connection_survives_a_nat_that_forgets() -> None:
    """Keep-alive probes while the origin thinks."""
    seen: list[int] = []
    with serving(lambda exchange: exchange.send(OK, "Content-Length: 0")) as server:
        body = get(server.url)
        seen.append(body._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        body.close()
    assert seen == [1]


def test_a_copy_over_real_sockets_resumes_where_it_was_cut(world: World) -> None:
    """The whole worker on the real adapter: probe, rest, reset, rest of the rest."""
    content = content_of(4 * PART)
    cuts = [None, 1700, None]

    def script(exchange: Exchange) -> None:
        match = re.search(r"Range: bytes=(\d+)-(\d*)", exchange.head)
        assert match
        start, end = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
        length = f"Content-Length: {end - start + 1}"
        span = f"Content-Range: bytes {start}-{end}/{len(content)}"
        cut = cuts.pop(0)
        body = content[start : end + 1]
        exchange.send("HTTP/1.1 206 Partial", length, span, 'ETag: "v1"', body=body[:cut])

    with serving(script) as server:
        world.has()
        world.origins = HttpOrigins()  # type: ignore[assignment]
        base = f"http://127.0.0.1:{server.port}/"
        assert world.copy(origin=Origin("reports", base, allow_http=True), loopback=True) == {"outcome": "STORED"}
        ranges = [line for request in server.requests for line in request.split("\r\n") if line.startswith("Range")]
    assert_stored(world, content)
    assert ranges == ["Range: bytes=0-999", "Range: bytes=1000-", "Range: bytes=2700-"]
