"""Abuse is refused, cheaply, and whoever behaves is served meanwhile and afterwards."""

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

CROWD = 16
FLOOD = 96
UNHURRIED = "first_byte=1"
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _serving_afterwards(stack: Stack) -> Iterator[None]:
    """Whatever the test did, a client that behaves is served, and no stranger has left a row."""
    yield
    wait_for(
        lambda: stack.client.rest.call("GET", f"/downloads/{'0' * 32}").status, PATIENCE, until=lambda seen: seen != 429
    )
    receive_ready.run(stack, PATIENCE)


def random_ticket(download_id: str | None = None) -> str:
    """The right shape, and nothing behind it."""
    return f"{download_id or secrets.token_hex(16)}.{secrets.token_urlsafe(32)}"


def test_a_flood_of_bad_tickets_opens_nothing_and_shuts_nobody_out(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", UNHURRIED))
    tickets = [random_ticket(), random_ticket(download.id), "x" * 4000, f"{download.id}.", "%00", "a=b&ticket=c"]

    def knock(number: int) -> int:
        try:
            Socket(f"{download.socket_url}?ticket={tickets[number % len(tickets)]}", timeout=60).close()
        except HandshakeRefusedError as refused:
            return refused.status
        return 101

    with stack.client.connect(download) as owner:
        with ThreadPoolExecutor(CROWD) as crowd:
            answers = Counter(crowd.map(knock, range(FLOOD)))
            assert stack.client.fetch(owner.receive("ready", deadline=PATIENCE)["url"]).size == 1_000_000
        assert set(answers) <= {400, 401, 403, 429}, answers
        assert len(stack.operator.connection_ids(download)) == 1


def test_random_ids_find_nothing_and_cost_no_execution(stack: Stack, request: pytest.FixtureRequest) -> None:
    """10,000 of them with `make test-abuse`; what is above the throttle does not even reach a function."""
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

    with ThreadPoolExecutor(4) as crowd:
        answers = sum(crowd.map(ask, [number // 4] * 4), Counter[tuple[int, str]]())
    assert answers.total() == number
    assert set(answers) <= {(403, "TICKET_REFUSED"), (429, "TOO_MANY_REQUESTS")}, answers
    assert answers[403, "TICKET_REFUSED"]
    assert len(stack.operator.executions()) == before
    assert len(stack.operator.scan(stack.outputs["downloadsTableName"])) == rows


@pytest.mark.parametrize("size", [40_000, 131_072, 1_000_000])
def test_a_giant_frame_is_answered_and_the_connection_stays(stack: Stack, size: int) -> None:
    """API Gateway closes with 1009 beyond 32 KB in a frame; where nobody does, our own limit holds."""
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        socket.send_whole('{"action": "ping", "x": "' + "x" * size + '"}')
        assert socket.receive("error", deadline=PATIENCE)["error"]["code"] == "INVALID_REQUEST"
        socket.ask("ping", "pong", deadline=PATIENCE)


def test_a_slow_message_holds_up_nobody(stack: Stack) -> None:
    """One client sends its message a byte at a time; another of the same download is answered meanwhile."""
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as slow, stack.client.connect(download) as quick:
        quick.receive("ready")
        slow.receive("ready")
        for piece in slow.send_slowly('{"action": "ping"}'):
            if piece % 6 == 0:
                quick.ask("ping", "pong", deadline=PATIENCE)
        slow.receive("pong", deadline=PATIENCE)


def test_a_message_that_never_ends_holds_up_nobody(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", UNHURRIED))
    with stack.client.connect(download) as half, stack.client.connect(download) as quick:
        next(half.send_slowly('{"action": "ping"}'))
        assert quick.receive("ready", deadline=PATIENCE)["size"] == 1_000_000
        assert half.receive("ready", deadline=PATIENCE)["size"] == 1_000_000


def test_a_client_that_does_not_read_holds_up_nobody(stack: Stack) -> None:
    """It asks and asks, and never takes an answer from the wire."""
    download = stack.client.request(unique_path("1"))
    deaf = websocket.create_connection(download.endpoint, timeout=60)
    try:
        for _ in range(30):
            deaf.send('{"action": "refresh"}')
        with stack.client.connect(download) as quick:
            began = time.monotonic()
            quick.receive("ready", deadline=PATIENCE)
            assert time.monotonic() - began < PATIENCE
    finally:
        deaf.close(timeout=1)


TRICKS = [
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


@pytest.mark.parametrize("path", TRICKS)
def test_a_path_does_not_leave_the_origin(stack: Stack, origin: Origin, path: str) -> None:
    before = len(origin.requests)
    answer = stack.client.post(path)
    assert (answer.status, answer.code) == (400, "INVALID_PATH"), answer
    assert "evil" not in json.dumps(answer.body)
    assert len(origin.requests) == before


NAMES = ["a\r\nSet-Cookie: x=1", 'a"; filename="b.exe', "a\u0000.csv", "../a", "a\u202efdp.exe", "con\\a", "x" * 300]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_puts_nothing_into_the_headers(stack: Stack, name: str) -> None:
    """Refused, or made harmless: one disposition, and no header of the client's making."""
    answer = stack.client.post(unique_path("5"), fileName=name)
    if answer.status == 400:
        assert answer.code == "INVALID_REQUEST"
        return
    with stack.client.connect(stack.client.parse_download(answer)) as socket:
        fetched = stack.client.fetch(socket.receive("ready", deadline=PATIENCE)["url"])
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


def test_many_clients_that_say_nonsense_are_all_answered(stack: Stack) -> None:
    download = stack.client.request(unique_path("1", "first_byte=60"))
    together = threading.Barrier(6)

    def talk(_number: int) -> int:
        with stack.client.connect(download) as socket:
            together.wait(60)
            for _ in range(5):
                socket.send("[" * NESTED_BRACKETS)
                assert socket.receive("error", deadline=60)["error"]["code"] == "INVALID_REQUEST"
            return len(socket.messages)

    with ThreadPoolExecutor(6) as crowd:
        assert min(crowd.map(talk, range(6))) >= 5
    assert stack.client.cancel(download).status == 202
