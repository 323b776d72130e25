"""Credentials, tickets and signed URLs are sent only to the stack that the user named, and only over TLS."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from async_download_client import (
    ApiKey,
    Client,
    DownloadFailedError,
    InsecureUrlError,
    RefusedError,
    cli,
    parse_download,
)
from async_download_client.errors import ProtocolError
from async_download_client.proxy import is_loopback
from async_download_client.stop import StopSignal
from async_download_client.transport import Transport
from async_download_client.web_socket import MAX_MESSAGE_BYTES, SocketLostError, WebSocket

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import ID, TICKET, FakeStack, Peer
from client.tests.support.loopback import Handler, Loopback

pytestmark = [pytest.mark.security, pytest.mark.usefixtures("keep_signals")]
CERTIFICATE = Path(__file__).parents[2] / "tests" / "runtime" / "support" / "self_signed.pem"
SECRETS = ("key-of-the-environment", "token-of-the-environment")
ESCAPES = "\x1b[2J\u202egpj.exe\x07\r\n"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def hostile() -> Iterator[FakeStack]:
    """A server that a file with a download names, and that is not the user's stack."""
    with FakeStack() as running:
        yield running


@pytest.fixture
def environment_with_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """An API key and a token in the environment, and no URL."""
    monkeypatch.setenv("ASYNC_DOWNLOAD_API_KEY", SECRETS[0])
    monkeypatch.setenv("ASYNC_DOWNLOAD_TOKEN", SECRETS[1])
    monkeypatch.delenv("ASYNC_DOWNLOAD_URL", raising=False)


def file_of(folder: Path, stack: FakeStack, **fields: object) -> str:
    """Write a file with a download of a stack and return its path."""
    path = folder / "download.json"
    path.write_text(json.dumps({**stack.accepted, **fields}), encoding="utf-8")
    return str(path)


def received_headers(stack: FakeStack) -> str:
    """Return all headers that a server received, as one text."""
    return json.dumps([request.headers for request in stack.requests])


@pytest.mark.usefixtures("environment_with_credentials")
@pytest.mark.parametrize("command", ["status", "cancel", "watch"])
def test_a_server_that_only_a_file_names_gets_no_credentials(hostile: FakeStack, tmp_path: Path, command: str) -> None:
    assert cli.main([command, file_of(tmp_path, hostile)]) == 0
    assert hostile.requests
    for secret in SECRETS:
        assert secret not in received_headers(hostile)


@pytest.mark.parametrize("command", ["status", "cancel", "watch"])
@pytest.mark.parametrize(
    "options", [["--api-key", "k"], ["--bearer", "t"], ["--iam"], ["--region", "eu-west-1"], ["--header", "X-Key: k"]]
)
def test_credentials_without_the_stacks_url_are_wrong_usage(
    hostile: FakeStack, tmp_path: Path, command: str, options: list[str], capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, file_of(tmp_path, hostile), *options])
    assert ended.value.code == 2
    assert "--url" in capsys.readouterr().err
    assert hostile.requests == []


@pytest.mark.usefixtures("environment_with_credentials")
@pytest.mark.parametrize("by_environment", [True, False])
def test_credentials_go_to_the_url_that_the_user_named(
    stack: FakeStack, hostile: FakeStack, tmp_path: Path, by_environment: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["status", file_of(tmp_path, hostile)]
    if by_environment:
        monkeypatch.setenv("ASYNC_DOWNLOAD_URL", stack.api_url)
    else:
        arguments += ["--url", stack.api_url]
    assert cli.main(arguments) == 0
    assert [request.path for request in stack.requests] == [f"/v1/downloads/{ID}"]
    assert SECRETS[0] in received_headers(stack)
    assert hostile.requests == []


def test_a_refusal_of_the_bare_ticket_says_how_to_send_credentials(
    stack: FakeStack, tmp_path: Path, capsys: Capture
) -> None:
    stack.rest = [(403, {"message": "Forbidden"})]
    assert cli.main(["status", file_of(tmp_path, stack)]) == 3
    assert "--url" in capsys.readouterr().err


def test_a_request_that_a_firewall_blocks_needs_no_other_credentials(
    stack: FakeStack, tmp_path: Path, capsys: Capture
) -> None:
    stack.rest = [(403, {"error": {"code": "REQUEST_BLOCKED", "message": "A firewall blocked the request."}})]
    assert cli.main(["status", file_of(tmp_path, stack)]) == 3
    printed = capsys.readouterr().err
    assert "A firewall blocked the request." in printed
    assert "--url" not in printed


def test_the_status_url_of_an_answer_is_not_called(stack: FakeStack, hostile: FakeStack) -> None:
    download = parse_download({**stack.accepted, "statusUrl": f"{hostile.api_url}/downloads/{ID}"})
    with Client(stack.api_url, auth=ApiKey("made-up"), timing=QUICK) as client:
        client.status(download)
        client.cancel(download)
    assert [request.method for request in stack.requests] == ["GET", "DELETE"]
    assert hostile.requests == []


@pytest.mark.parametrize("download_id", ["../../evil", "a/b", "a?b", "", "x" * 81, "a\nb", "%2e%2e"])
def test_a_malformed_download_id_is_refused(stack: FakeStack, download_id: str) -> None:
    """The id becomes a part of a path."""
    with pytest.raises(ProtocolError):
        parse_download({**stack.accepted, "downloadId": download_id})


@pytest.mark.parametrize("ticket", ["a%0d%0aX-Header:%20b", "a%20b", "%1b[2J"])
def test_a_malformed_ticket_is_refused(stack: FakeStack, ticket: str) -> None:
    """The ticket becomes the value of a header."""
    with pytest.raises(ProtocolError):
        parse_download({**stack.accepted, "webSocketEndpoint": f"{stack.web_socket_url}?ticket={ticket}"})


@pytest.mark.parametrize("url", ["http://files.invalid/v1", "http://10.0.0.1/v1", "http://localhost.files.invalid/v1"])
def test_plain_http_to_another_machine_is_refused(url: str, capsys: Capture) -> None:
    with pytest.raises(InsecureUrlError):
        Client(url)
    assert cli.main(["request", url, "--path", "q3.csv"]) == 3
    assert "--allow-http" in capsys.readouterr().err
    with Client(url, allow_http=True):
        pass


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("bucket.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("127.0.0.1.files.invalid", False),
        ("localhostage", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_recognised_by_name_or_address(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_signed_url_of_plain_http_is_refused(stack: FakeStack, client: Client, target: Path) -> None:
    stack.promised = {"url": "http://files.invalid/object?X-Amz-Signature=x"}
    with pytest.raises(InsecureUrlError, match=r"files\.invalid"):
        client.get("q3.csv", target)
    assert not target.exists()


def test_a_socket_of_plain_ws_is_refused(stack: FakeStack, client: Client) -> None:
    download = parse_download({**stack.accepted, "webSocketEndpoint": f"ws://files.invalid/v1?ticket={TICKET}"})
    with pytest.raises(InsecureUrlError, match=r"files\.invalid"):
        client.wait(download)


def test_the_ticket_travels_in_a_header(stack: FakeStack, client: Client) -> None:
    """Proxies and access logs record queries, but not headers."""
    client.wait(client.request("q3.csv"))
    handshake = next(request for request in stack.requests if request.path.startswith("/socket"))
    assert TICKET not in handshake.path
    assert handshake.headers["x-download-ticket"] == TICKET


class Redirecting(Handler, BaseHTTPRequestHandler):
    """Redirects to the URL in `?to=`."""

    def do_GET(self) -> None:
        self.respond(302, {"Location": self.path.partition("?to=")[2]}, 0)


def test_a_redirect_from_https_to_http_is_refused(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The redirect is refused even to this machine, and even where plain http is allowed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    transport = Transport(5, 1, allow_http=True)
    with (
        Loopback(Redirecting, CERTIFICATE) as server,
        pytest.raises(InsecureUrlError, match="redirects"),
        transport.send("GET", f"{server.url}/?to={stack.url}/s3/object", {}, stop=StopSignal(), redirects=3),
    ):
        pass
    transport.close()
    assert stack.requests == []


def test_a_redirect_that_keeps_its_scheme_is_followed(stack: FakeStack) -> None:
    transport = Transport(5, 1)
    stack.faults = []
    with transport.send("GET", f"{stack.url}/s3/object", {}, stop=StopSignal(), redirects=3) as response:
        assert response.status == 200
    transport.close()


def endpoint_of(server: socket.socket) -> str:
    """Return the WebSocket URL of a listening socket."""
    return f"ws://127.0.0.1:{server.getsockname()[1]}/socket?ticket={TICKET}"


def test_a_redirect_of_the_handshake_is_not_followed(hostile: FakeStack) -> None:
    """The redirect would send the ticket to another server."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def redirect() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                location = f"Location: {hostile.web_socket_url}\r\nContent-Length: 0\r\n\r\n"
                connection.sendall(f"HTTP/1.1 302 Found\r\n{location}".encode())

        thread = threading.Thread(target=redirect)
        thread.start()
        with pytest.raises(SocketLostError):
            WebSocket(endpoint_of(server), 5)
        thread.join()
    assert hostile.requests == []


def first_frame(length: int) -> bytes:
    """Return the header of an unmasked text frame of so many bytes."""
    return b"\x81\x7f" + struct.pack(">Q", length)


def send_fragments(peer: Peer) -> None:
    """Send a message that is too large in frames that are not."""
    half = MAX_MESSAGE_BYTES // 2 + 1
    for first in (b"\x01", b"\x00", b"\x00"):
        peer.send_bytes(first + b"\x7f" + struct.pack(">Q", half) + b"x" * half)


@pytest.mark.parametrize(
    "script",
    [
        lambda peer: peer.send_bytes(first_frame(MAX_MESSAGE_BYTES + 1)),
        lambda peer: peer.send_bytes(first_frame(1 << 62)),
        send_fragments,
    ],
)
def test_a_frame_that_is_too_large_is_refused_before_it_is_read(
    stack: FakeStack, script: Callable[[Peer], object]
) -> None:
    """The server never sends the payload, and the client does not wait for it."""

    def send(peer: Peer) -> None:
        script(peer)
        peer.stopping.wait(10)

    stack.sockets = [send]
    with WebSocket(f"{stack.web_socket_url}?ticket={TICKET}", 5) as opened, pytest.raises(SocketLostError):
        opened.receive(5)


def test_the_largest_message_is_read(stack: FakeStack) -> None:
    """The limit is that of API Gateway."""
    message = json.dumps({"type": "status", "padding": ""})
    padded = message.replace('""', '"' + "x" * (MAX_MESSAGE_BYTES - len(message)) + '"').encode()

    def send(peer: Peer) -> None:
        peer.send_bytes(first_frame(len(padded)) + padded)
        peer.stopping.wait(10)

    stack.sockets = [send]
    with WebSocket(f"{stack.web_socket_url}?ticket={TICKET}", 5) as opened:
        message_received = opened.receive(5)
    assert message_received is not None
    assert message_received["type"] == "status"


def test_no_escape_sequence_of_a_server_reaches_the_terminal(
    stack: FakeStack, target: Path, tmp_path: Path, capfd: Capture
) -> None:
    """Tried in a refusal, a failure, a status, a file name and a host."""
    stack.rest = [(400, {"error": {"code": f"BAD{ESCAPES}", "message": f"refused {ESCAPES}"}})]
    assert cli.main(["get", stack.api_url, "--path", "q3.csv", "-o", str(target)]) == 3
    stack.rest = [(403, {"message": f"refused {ESCAPES}"})]
    assert cli.main(["get", stack.api_url, "--path", "q3.csv", "-o", str(target)]) == 3
    stack.state = {"status": "FAILED", "error": {"code": f"X{ESCAPES}", "message": f"failed {ESCAPES}"}}
    assert cli.main(["status", file_of(tmp_path, stack)]) == 4
    stack.state = {"status": f"COPYING{ESCAPES}", "copiedBytes": 1, "size": 2}
    assert cli.main(["status", file_of(tmp_path, stack)]) == 0
    stack.promised = {"url": f"http://files{ESCAPES}.invalid/"}
    assert cli.main(["get", stack.api_url, "--path", "q3.csv", "-o", str(target)]) != 0
    output = "".join(capfd.readouterr())
    assert "failed \ufffd[2J" in output
    assert not {"\x1b", "\u202e", "\x07", "\r"} & set(output)


def test_errors_of_the_library_hold_no_escape_sequence(stack: FakeStack, client: Client) -> None:
    stack.rest = [(400, {"error": {"code": f"BAD{ESCAPES}", "message": f"refused {ESCAPES}"}})]
    with pytest.raises(RefusedError) as refused:
        client.request("q3.csv")
    assert (str(refused.value) + refused.value.code).isprintable()
    stack.sockets = [
        lambda peer: peer.send(stack.message("failed", error={"code": "X", "message": f"failed {ESCAPES}"}))
    ]
    with pytest.raises(DownloadFailedError) as failed:
        client.wait(client.request("q3.csv"))
    assert str(failed.value).isprintable()
