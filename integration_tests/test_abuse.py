"""Attacks on the API: they are refused at low cost, and a correct client is served during and after them."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

import pytest
import websocket

from integration_tests.support.journeys.basic import receive_ready
from integration_tests.support.sockets import NESTED_BRACKETS, HandshakeRefusedError, Socket
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import wait_for
from localcloud.origin import Origin

THREADS = 16
FLOOD = 96
SLOW_START = "first_byte=1"
TIMEOUT = 30.0


@pytest.fixture(autouse=True)
def _client_is_served_afterwards(stack: Stack) -> Iterator[None]:
    """After each test, assert that a correct client is served."""
    yield
    wait_for(
        lambda: stack.client.rest.call("GET", f"/downloads/{'0' * 32}").status,
        TIMEOUT,
        until=lambda status: status != 429,
    )
    receive_ready.run(stack, TIMEOUT)


def random_ticket(download_id: str | None = None) -> str:
    """Return a well-formed ticket of no download."""
    return f"{download_id or secrets.token_hex(16)}.{secrets.token_urlsafe(32)}"


def test_a_flood_of_bad_tickets_opens_no_socket_and_the_owner_is_served(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    tickets = [random_ticket(), random_ticket(download.id), "x" * 4000, f"{download.id}.", "%00", "a=b&ticket=c"]

    def connect_with_bad_ticket(number: int) -> int:
        try:
            Socket(f"{download.socket_url}?ticket={tickets[number % len(tickets)]}", timeout=60).close()
        except HandshakeRefusedError as refused:
            return refused.status
        return 101

    with stack.client.connect(download) as owner:
        with ThreadPoolExecutor(THREADS) as threads:
            answers = Counter(threads.map(connect_with_bad_ticket, range(FLOOD)))
            assert stack.client.fetch(owner.receive("ready", deadline=TIMEOUT)["url"]).size == 1_000_000
        assert set(answers) <= {400, 401, 403, 429}, answers
        assert len(stack.operator.connection_ids(download)) == 1


def test_random_ids_are_refused_and_start_no_execution(stack: Stack, request: pytest.FixtureRequest) -> None:
    """`make test-abuse` sends 10,000. Calls above the throttle reach no function."""
    number = int(request.config.getoption("--random-ids"))
    before = len(stack.operator.executions())
    rows = len(stack.operator.scan(stack.outputs["downloadsTableName"]))
    base = urlsplit(stack.outputs["apiUrl"])
    kind = HTTPSConnection if base.scheme == "https" else HTTPConnection

    def ask(share: int) -> Counter[tuple[int, str]]:
        answers: Counter[tuple[int, str]] = Counter()
        connection = kind(base.hostname or "", base.port, timeout=60)
        for _ in range(share):
            ticket = random_ticket()
            path = f"{base.path}/downloads/{ticket.partition('.')[0]}"
            connection.request("GET", path, headers={"X-Download-Ticket": ticket})
            answer = connection.getresponse()
            answers[answer.status, json.loads(answer.read())["error"]["code"]] += 1
        connection.close()
        return answers

    with ThreadPoolExecutor(4) as threads:
        answers = sum(threads.map(ask, [number // 4] * 4), Counter[tuple[int, str]]())
    assert answers.total() == number
    assert set(answers) <= {(403, "TICKET_REFUSED"), (429, "TOO_MANY_REQUESTS")}, answers
    assert answers[403, "TICKET_REFUSED"]
    assert len(stack.operator.executions()) == before
    assert len(stack.operator.scan(stack.outputs["downloadsTableName"])) == rows


@pytest.mark.parametrize("size", [40_000, 131_072, 1_000_000])
def test_a_giant_frame_is_answered_and_the_connection_stays(stack: Stack, size: int) -> None:
    """API Gateway closes the socket with 1009 above 32 KB a frame; the emulator does not, and `message` refuses it."""
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        socket.send_whole('{"action": "ping", "x": "' + "x" * size + '"}')
        assert socket.receive("error", deadline=TIMEOUT)["error"]["code"] == "INVALID_REQUEST"
        socket.ask("ping", "pong", deadline=TIMEOUT)


def test_a_slow_message_delays_no_other_client(stack: Stack) -> None:
    """One client sends its message byte by byte; another client of the same download gets its answers."""
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as slow, stack.client.connect(download) as quick:
        quick.receive("ready")
        slow.receive("ready")
        for piece in slow.send_slowly('{"action": "ping"}'):
            if piece % 6 == 0:
                quick.ask("ping", "pong", deadline=TIMEOUT)
        slow.receive("pong", deadline=TIMEOUT)


def test_an_unfinished_message_delays_no_other_client(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as half, stack.client.connect(download) as quick:
        next(half.send_slowly('{"action": "ping"}'))
        assert quick.receive("ready", deadline=TIMEOUT)["size"] == 1_000_000
        assert half.receive("ready", deadline=TIMEOUT)["size"] == 1_000_000


def test_a_client_that_does_not_read_delays_no_other_client(stack: Stack) -> None:
    """It sends 30 messages and reads none of the answers."""
    download = stack.client.request(unique_path("1"))
    silent = websocket.create_connection(download.endpoint, timeout=60)
    try:
        for _ in range(30):
            silent.send('{"action": "refresh"}')
        with stack.client.connect(download) as quick:
            began = time.monotonic()
            quick.receive("ready", deadline=TIMEOUT)
            assert time.monotonic() - began < TIMEOUT
    finally:
        silent.close(timeout=1)


PATHS = [
    "../../etc/passwd",
    "files/..%2f..%2fsecret",
    "files/%2E%2E/%2E%2E/secret",
    "files/%252e%252e/secret",
    "files/%c0%ae%c0%ae/secret",
    "//evil.example/x",
    "/\\evil.example/x",
    "https://evil.example/x",
    "files/1@evil.example/..",
    "files/1%0d%0aHost:%20evil.example",
    "files/1\u2028x/..",
    "files/\u0000",
    "files/1#@evil.example",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_outside_the_origin_is_refused(stack: Stack, origin: Origin, path: str) -> None:
    before = len(origin.requests)
    answer = stack.client.post(path)
    assert (answer.status, answer.code) == (400, "INVALID_PATH"), answer
    assert "evil" not in json.dumps(answer.body)
    assert len(origin.requests) == before


NAMES = ["a\r\nSet-Cookie: x=1", 'a"; filename="b.exe', "a\u0000.csv", "../a", "a\u202efdp.exe", "con\\a", "x" * 300]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_adds_no_header(stack: Stack, name: str) -> None:
    """The name is refused, or escaped in the one Content-Disposition header."""
    answer = stack.client.post(unique_path("5"), fileName=name)
    if answer.status == 400:
        assert answer.code == "INVALID_REQUEST"
        return
    fetched = stack.client.fetch(stack.client.receive_ready(stack.client.parse_download(answer), TIMEOUT)["url"])
    disposition = fetched.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    assert disposition.count('"') == 2
    assert "set-cookie" not in fetched.headers
    assert not any(ord(character) < 32 or ord(character) > 126 for character in disposition)


BOMBS = {
    "deep lists": "[" * 15_000,
    "deep objects": '{"a":' * 3_000 + "1" + "}" * 3_000,
    "a long number": '{"origin": ' + "9" * 15_000 + "}",
    "a huge exponent": '{"origin": 1e99999999, "path": "files/1"}',
    "many keys": "{" + ",".join(f'"k{number}":1' for number in range(1_000)) + "}",
    "the same key again": "{" + ",".join('"path":"files/1"' for _ in range(800)) + "}",
    "a large body": '{"path": "' + "x" * 300_000 + '"}',
    "escapes": '{"path": "' + "\\u0041" * 2_600 + '"}',
    "lone surrogates": '{"origin": "files", "path": "files/\\ud800"}',
    "not UTF-8 once decoded": '{"origin": "files", "path": "\\u0000\\uffff"}',
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_json_bomb_is_refused(stack: Stack, kind: str) -> None:
    answer = stack.client.rest.call("POST", "/downloads", BOMBS[kind])
    assert answer.status in (400, 413), answer
    assert answer.code in ("INVALID_REQUEST", "INVALID_PATH", "UNKNOWN_ORIGIN", "REQUEST_TOO_LARGE"), answer
    assert len(json.dumps(answer.body)) < 600


def test_invalid_messages_of_many_clients_are_all_answered(stack: Stack) -> None:
    download = stack.client.request(unique_path("1", "first_byte=60"))
    together = threading.Barrier(6)

    def send_invalid_messages(_number: int) -> int:
        with stack.client.connect(download) as socket:
            together.wait(60)
            for _ in range(5):
                socket.send("[" * NESTED_BRACKETS)
                assert socket.receive("error", deadline=60)["error"]["code"] == "INVALID_REQUEST"
            return len(socket.messages)

    with ThreadPoolExecutor(6) as threads:
        assert min(threads.map(send_invalid_messages, range(6))) >= 5
    assert stack.client.cancel(download).status == 202
