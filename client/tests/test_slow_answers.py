"""Servers that are never silent and never finish: pings without messages, and answers that come byte by byte."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from socketserver import StreamRequestHandler

import pytest
from async_download_client import Client, NetworkError, StopSignal, WaitTimeoutError
from async_download_client.transport import Transport
from async_download_client.web_socket import SocketLostError, WebSocket

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import FakeStack, Peer
from client.tests.support.loopback import Loopback

PING = b"\x89\x00"
SLOW_TO_ASK = replace(QUICK, first_status_delay=0.3, max_status_delay=0.3)


class _Raw(StreamRequestHandler):
    """Answers each connection with the bytes of `Raw.answer`, `Raw.interval` seconds apart."""

    def handle(self) -> None:
        server = self.server.loopback  # type: ignore[attr-defined] # Loopback sets it
        self.request.recv(65536)
        try:
            for byte in server.answer * server.repetitions:
                self.wfile.write(bytes([byte]))
                if server.stopping.wait(server.interval):
                    return
        except ConnectionError:
            pass


class Raw(Loopback):
    """A server that sends bytes and nothing else."""

    def __init__(self, answer: bytes, repetitions: int = 1, interval: float = 0.05) -> None:
        super().__init__(_Raw)
        self.answer, self.repetitions, self.interval = answer, repetitions, interval


def send_pings(peer: Peer) -> None:
    """Send a ping every 20 ms for up to 10 s."""
    for _ in range(500):
        peer.send_bytes(PING)
        if peer.stopping.wait(0.02):
            return


def send_slowly(peer: Peer) -> None:
    """Send a message of which a byte comes every 20 ms, for up to 10 s."""
    for byte in b"\x81\x7e\x01\xf4" + json.dumps({"type": "x" * 490}).encode():
        peer.send_bytes(bytes([byte]))
        if peer.stopping.wait(0.02):
            return


@pytest.fixture
def took() -> Callable[[], float]:
    """Return the seconds since the beginning of the test."""
    started = time.monotonic()
    return lambda: time.monotonic() - started


@pytest.mark.parametrize("script", [send_pings, send_slowly])
def test_neither_pings_nor_a_slow_message_extend_the_timeout(
    stack: FakeStack, took: Callable[[], float], script: Callable[[Peer], None]
) -> None:
    stack.sockets = [script]
    with Client(stack.api_url, timeout=5, timing=SLOW_TO_ASK) as client, pytest.raises(WaitTimeoutError):
        client.wait(client.request("q3.csv"), timeout=0.5)
    assert took() < 5


def test_the_status_is_asked_for_between_pings(stack: FakeStack) -> None:
    """A message may be lost while a proxy keeps the connection open with pings."""

    def ping_then_answer(peer: Peer) -> None:
        for _ in range(30):
            peer.send_bytes(PING)
            peer.stopping.wait(0.02)
        while peer.receive() != "status":
            pass
        stack.send_ready(peer)

    stack.sockets = [ping_then_answer]
    with Client(stack.api_url, timeout=5, timing=SLOW_TO_ASK) as client:
        assert client.wait(client.request("q3.csv"), timeout=10).size == len(stack.content)
    assert "status" in stack.actions


def test_a_message_that_pauses_is_put_together(stack: FakeStack) -> None:
    def send_in_two_parts(peer: Peer) -> None:
        data = json.dumps(stack.message("ready", **stack.file())).encode()
        frame = b"\x81\x7e" + len(data).to_bytes(2, "big") + data
        peer.send_bytes(frame[:100])
        peer.stopping.wait(0.5)
        peer.send_bytes(frame[100:])
        while peer.receive():
            pass

    stack.sockets = [send_in_two_parts]
    with Client(stack.api_url, timeout=5, timing=SLOW_TO_ASK) as client:
        assert client.wait(client.request("q3.csv"), timeout=10).size == len(stack.content)


def test_a_slow_handshake_is_given_up(took: Callable[[], float]) -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\n" + b"X-Header: 1\r\n" * 100
    with Raw(answer) as server, pytest.raises(SocketLostError, match=r"no WebSocket to 127\.0\.0\.1"):
        WebSocket(f"ws{server.url.removeprefix('http')}/?ticket=x", timeout=0.5)
    assert took() < 5


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n" + b"X-Header: 1\r\n" * 90, b"x" * 60_000])
def test_a_response_head_has_to_arrive_within_the_timeout(answer: bytes, took: Callable[[], float]) -> None:
    transport = Transport(0.5, 1)
    with (
        Raw(answer) as server,
        pytest.raises(NetworkError, match="or no complete response head"),
        transport.send("GET", server.url, {}, stop=StopSignal()),
    ):
        pass
    transport.close()
    assert took() < 5


def test_interim_responses_are_skipped() -> None:
    """RFC 9110, 15.2: a client reads any number of 1xx responses before the final one."""
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    transport = Transport(5, 1)
    with (
        Raw(interim + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", interval=0) as server,
        transport.send("GET", server.url, {}, stop=StopSignal()) as response,
    ):
        assert response.status == 200
        assert "Link" not in response.headers
        assert response.read() == b"ok"
    transport.close()


def test_the_timeout_of_get_limits_a_request_without_an_answer(target: Path, took: Callable[[], float]) -> None:
    with (
        Raw(b"H", interval=10) as server,
        Client(server.url, timeout=30, timing=QUICK) as client,
        pytest.raises(NetworkError),
    ):
        client.get("q3.csv", target, timeout=0.2)
    assert took() < 8


def test_the_timeout_of_get_limits_a_slow_body(target: Path, took: Callable[[], float]) -> None:
    answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n"
    with (
        Raw(answer, repetitions=20, interval=0.01) as server,
        Client(server.url, timeout=30, timing=QUICK) as client,
        pytest.raises(NetworkError, match="too large or too slow"),
    ):
        client.get("q3.csv", target, timeout=0.2)
    assert took() < 8


def test_the_timeout_of_get_counts_from_the_request_on(stack: FakeStack, target: Path) -> None:
    stack.rest, stack.retry_after = [503], "2"
    stack.stay_silent()
    started = time.monotonic()
    with Client(stack.api_url, timeout=5) as client, pytest.raises(WaitTimeoutError, match=r"not ready after 3 s"):
        client.get("q3.csv", target, timeout=3)
    assert time.monotonic() - started < 4.5
