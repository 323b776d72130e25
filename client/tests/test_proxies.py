"""Proxies in the environment, for the REST API, S3 and the WebSocket."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from async_download_client import Client, NetworkError, ProxyError, RefusedError, cli
from async_download_client.proxy import Proxy, proxy_for
from async_download_client.web_socket import SocketRefusedError, WebSocket

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import TICKET, FakeStack
from client.tests.support.http_proxy import HttpProxy

pytestmark = pytest.mark.usefixtures("keep_signals", "no_proxies")
CERTIFICATE = Path(__file__).parents[2] / "tests" / "runtime" / "support" / "self_signed.pem"
PASSWORD = "p@ss:/#ü word"
QUOTED = "p%40ss%3A%2F%23%C3%BC%20word"
BASIC = "Basic " + base64.b64encode(f"user:{PASSWORD}".encode()).decode()
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the proxies of this machine."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def remote(stack: FakeStack) -> FakeStack:
    """A stack that only a proxy reaches, under names that cannot be resolved."""
    stack.api_url, stack.s3_url = "http://api.invalid/v1", "http://files.invalid"
    stack.web_socket_url = "ws://socket.invalid/socket"
    return stack


@pytest.fixture
def proxy(stack: FakeStack) -> Iterator[HttpProxy]:
    """A proxy to the stack that requires user and password."""
    with HttpProxy(stack.url, BASIC) as running:
        yield running


def closed_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("scheme", ["http://", "", "HTTP://"])
def test_rest_s3_and_the_web_socket_use_the_proxy_with_user_and_password(
    remote: FakeStack, proxy: HttpProxy, target: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture, scheme: str
) -> None:
    monkeypatch.setenv("http_proxy", f"{scheme}user:{QUOTED}@{proxy.address}")
    assert cli.main(["get", remote.api_url, "--path", "q3.csv", "-o", str(target), "--allow-http"]) == 0
    assert target.read_bytes() == remote.content
    hosts = [line.split("?")[0] for line in proxy.request_lines]
    assert hosts == [
        "POST http://api.invalid/v1/downloads",
        "CONNECT socket.invalid:80",
        "GET http://files.invalid/s3/object",
    ]
    assert all("proxy-authorization" not in request.headers for request in remote.requests)
    assert "Connected, waiting for the file" in capfd.readouterr().err


@pytest.mark.parametrize("user", ["", f"user:{QUOTED}x@"])
def test_a_407_names_the_proxy_without_its_password(
    remote: FakeStack, proxy: HttpProxy, monkeypatch: pytest.MonkeyPatch, capfd: Capture, user: str
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{user}{proxy.address}")
    assert cli.main(["request", remote.api_url, "--path", "q3.csv", "--allow-http"]) == 3
    out, err = capfd.readouterr()
    assert proxy.address in err
    assert "[PROXY]" in err
    assert "p%40ss" not in out + err
    assert "p@ss" not in out + err
    assert len(proxy.heads) == 1, "another call would be refused too"


def test_a_407_to_connect_is_the_same_error(proxy: HttpProxy, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    monkeypatch.setenv("https_proxy", f"wrong:user@{proxy.address}")
    assert cli.main(["request", "https://api.invalid/v1", "--path", "q3.csv"]) == 3
    assert proxy.request_lines == ["CONNECT api.invalid:443"]
    err = capfd.readouterr().err
    assert f"The proxy {proxy.address} refuses the user or password (HTTP 407)" in err
    with pytest.raises(SocketRefusedError, match="407"):
        WebSocket(f"wss://socket.invalid/?ticket={TICKET}", 5)


def test_a_proxy_that_refuses_connect_or_is_away_is_named(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpProxy(stack.url, status=502) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"user:{QUOTED}@{proxy.address}")
        with Client("https://api.invalid", timing=QUICK) as client, pytest.raises(NetworkError) as refused:
            client.request("q3.csv")
        assert str(refused.value) == f"The proxy {proxy.address} refused a connection to api.invalid (HTTP 502)."
        with pytest.raises(SocketRefusedError, match="the proxy refused the WebSocket"):
            WebSocket(f"wss://socket.invalid/?ticket={TICKET}", 5)
    monkeypatch.setenv("HTTPS_PROXY", f"user:{QUOTED}@{proxy.address}")
    with Client("https://api.invalid", timing=QUICK) as client, pytest.raises(NetworkError) as away:
        client.request("q3.csv")
    assert str(away.value) == f"The proxy {proxy.address} for api.invalid cannot be reached."


def test_tls_is_spoken_with_the_stack_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with a certificate for localhost, which is not direct here; it receives what is sent inside of TLS."""
    monkeypatch.setattr("async_download_client.proxy.is_loopback", lambda _: False)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with context.wrap_socket(connection, server_side=True) as secured:
                    data = b""
                    while not data.endswith(b"}" if data.startswith(b"POST") else b"\r\n\r\n"):
                        data += secured.recv(65_536)
                    heads.append(data)
                    secured.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

        thread = threading.Thread(target=refuse)
        thread.start()
        port = server.getsockname()[1]
        with HttpProxy(f"http://127.0.0.1:{port}", BASIC) as proxy:
            monkeypatch.setenv("https_proxy", f"user:{QUOTED}@{proxy.address}")
            with Client(f"https://localhost:{port}", timing=QUICK) as client, pytest.raises(RefusedError):
                client.request("q3.csv")
            with pytest.raises(SocketRefusedError, match="HTTP 403"):
                WebSocket(f"wss://localhost:{port}/socket?ticket={TICKET}", 5)
        thread.join()
    assert proxy.request_lines == [f"CONNECT localhost:{port}"] * 2
    assert [head.split(b" ")[0] for head in heads] == [b"POST", b"GET"]
    assert BASIC.encode() not in b"".join(heads)


def test_a_proxy_that_refuses_web_sockets_leaves_polling(
    remote: FakeStack, monkeypatch: pytest.MonkeyPatch, target: Path
) -> None:
    remote.set_ready()
    remote.web_socket_url = "wss://socket.invalid/socket"
    with HttpProxy(remote.url) as proxy, HttpProxy(remote.url, status=403) as other:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("https_proxy", other.address)
        with Client(remote.api_url, timing=QUICK, allow_http=True) as client:
            client.get("q3.csv", target)
    assert other.request_lines == ["CONNECT socket.invalid:443"]
    assert target.read_bytes() == remote.content


@pytest.mark.parametrize("no_proxy", ["", "example.com"])
def test_loopback_is_direct_for_rest_s3_and_the_web_socket(
    stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture, no_proxy: str
) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert cli.main(["get", stack.api_url, "--path", "q3.csv", "-o", str(target)]) == 0
    assert "Connected, waiting for the file" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({"http_proxy": "a:1"}, "http://x.example", "a:1"),
        ({"http_proxy": "a:1"}, "ws://x.example", "a:1"),
        ({"http_proxy": "a:1"}, "https://x.example", None),
        ({"http_proxy": "a:1"}, "wss://x.example", None),
        ({"HTTP_PROXY": "a:1"}, "http://x.example", None),
        ({"https_proxy": "a:1", "HTTPS_PROXY": "b:2"}, "https://x.example", "a:1"),
        ({"HTTPS_PROXY": "b:2"}, "wss://x.example", "b:2"),
        ({"ALL_PROXY": "c:3"}, "http://x.example", "c:3"),
        ({"all_proxy": "c:3", "ALL_PROXY": "d:4"}, "wss://x.example", "c:3"),
        ({"https_proxy": "", "ALL_PROXY": "d:4"}, "https://x.example", "d:4"),
        ({"http_proxy": "a"}, "http://x.example", "a:1080"),
        ({"http_proxy": "http://a/"}, "http://x.example", "a:1080"),
        ({"http_proxy": " http://a:1\n"}, "http://x.example", "a:1"),
        ({"http_proxy": "http://[2001:db8::1]:3128"}, "http://x.example", "[2001:db8::1]:3128"),
        ({"http_proxy": "a:1"}, "http://localhost:8000", None),
        ({"http_proxy": "a:1"}, "ws://127.8.8.8", None),
        ({"http_proxy": "a:1"}, "ws://[::1]:80", None),
    ],
)
def test_the_variables_are_those_of_curl(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, expected: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = proxy_for(url)
    assert (proxy and proxy.name) == expected


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("*", "http://x.example", True),
        ("a.example, *", "http://x.example", True),
        ("x.example", "http://x.example", True),
        ("X.Example.", "http://x.example./", True),
        (".example", "http://x.example", True),
        ("example", "http://x.example", True),
        ("*.example", "http://x.example", True),
        ("xample", "http://x.example", False),
        ("x.example:8080", "http://x.example:8080", True),
        ("x.example:8080", "http://x.example", False),
        ("x.example:443", "wss://x.example", True),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.1/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.1.2.3", "http://10.1.2.3:81", True),
        ("10.1.2.3:81", "http://10.1.2.3:81", True),
        ("10.1.2.3:82", "http://10.1.2.3:81", False),
        ("2001:db8::/32", "http://[2001:db8::1]", True),
        ("[2001:db8::]/32", "http://[2001:db8::1]", True),
        ("2001:db8::1", "http://[2001:db8:0::1]:81", True),
        ("[2001:db8::1]", "http://[2001:db8::1]:81", True),
        ("[2001:db8::1]:81", "http://[2001:db8::1]:81", True),
        ("[2001:db8::1]:82", "http://[2001:db8::1]:81", False),
        ("2001:db8::/32", "http://[2001:db9::1]", False),
        ("10.0.0.0/8", "http://[::ffff:10.1.2.3]", True),
        ("10.0.0.0/99,/,:,[],.,  y.example", "http://x.example", False),
        ("3", "http://10.1.2.3", False),
        ("y.example x.example", "http://x.example", True),
    ],
)
def test_no_proxy_has_hosts_domains_ports_and_networks(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, is_direct: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", "a:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is None) is is_direct


@pytest.mark.parametrize(
    "value",
    [
        f"socks5://user:{QUOTED}@a:1",
        "socks4a://a:1",
        f"https://user:{QUOTED}@a:1",
        f"user:{QUOTED}/x@a:1",
        "user:p@ss#x@a:1",
        "http://user:p@ss?@a:1",
        "http://",
        "http://:80",
        "http://a:0",
        "http://a:99999",
        "http://a:b",
        "http://[::1",
        "http://a b:1",
        "http://a\nb:1",
        "p@ss\\x@a:1",
    ],
)
def test_a_malformed_or_unsupported_proxy_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, value: str
) -> None:
    monkeypatch.setenv("https_proxy", value)
    with pytest.raises(ProxyError, match="https_proxy"):
        proxy_for("https://x.example")
    assert cli.main(["request", "https://x.example", "--path", "q3.csv"]) == 3
    err = capfd.readouterr().err
    assert "p@ss" not in err
    assert "p%40ss" not in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("userinfo", "expected"),
    [
        ("user", b"user:"),
        ("user:", b"user:"),
        (":pass", b":pass"),
        ("us%3Aer:p%20w", b"us:er:p w"),
        ("u:p@w", b"u:p@w"),
    ],
)
def test_user_and_password_are_percent_decoded(monkeypatch: pytest.MonkeyPatch, userinfo: str, expected: bytes) -> None:
    monkeypatch.setenv("http_proxy", f"{userinfo}@a:1")
    proxy = proxy_for("http://x.example")
    assert proxy is not None
    assert proxy.headers == {"Proxy-Authorization": f"Basic {base64.b64encode(expected).decode()}"}
    assert repr(proxy) == repr(Proxy("a", 1, "http_proxy"))
