"""Asking for a file and waiting for it: by WebSocket, and by asking where sockets do not get through."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from async_download_client import (
    Client,
    DownloadCancelledError,
    DownloadFailedError,
    Event,
    NetworkError,
    Progress,
    ProtocolError,
    RefusedError,
    StopSignal,
    Timing,
    TooManyDownloadsError,
    UnavailableError,
    WaitTimeoutError,
)

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import ID, TICKET, FakeStack, Peer


def names(events: list[Event]) -> list[str]:
    """The names of events, each once in a row."""
    found = [event.name for event in events]
    return [name for index, name in enumerate(found) if index == 0 or found[index - 1] != name]


def test_the_whole_way(stack: FakeStack, client: Client, target: Path, events: list[Event]) -> None:
    """Ask, be told, fetch: the file is there, and the events come in order."""
    saved = client.get("q3.csv", target, origin="reports", file_name="q3.bin", on_event=events.append)
    assert target.read_bytes() == stack.content
    assert saved.size == len(stack.content)
    assert names(events) == ["requested", "connected", "ready", "received", "verified", "saved"]
    request = stack.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/downloads")
    assert json.loads(request.body) == {"path": "q3.csv", "origin": "reports", "fileName": "q3.bin"}
    assert [request.headers["x-download-ticket"] for request in stack.gets("/socket")] == [TICKET]


def test_download_url(stack: FakeStack, target: Path) -> None:
    """The stack's downloadUrl will do as well as its apiUrl, and headers go with each call."""
    with Client(f"{stack.api_url}/download", headers={"x-api-key": "made-up"}, timing=QUICK) as client:
        client.get("q3.csv", target)
    assert stack.requests[0].path == "/v1/downloads"
    assert stack.requests[0].headers["x-api-key"] == "made-up"


def test_late_ready(stack: FakeStack, client: Client, events: list[Event]) -> None:
    """While it waits it asks once, passes on how far the copy is, and ignores what it does not understand."""

    def script(peer: Peer) -> None:
        assert peer.receive() == "status"
        peer.send({"message": "Internal server error", "connectionId": "x", "requestId": "y"})
        peer.send_raw(b"no JSON")
        peer.send(stack.message("invented-later", bytes=1))
        peer.send(stack.message("ready", **stack.file()) | {"downloadId": "another"})
        peer.send(stack.message("status", status="PENDING"))
        peer.send(stack.message("progress", copiedBytes=10, size=20))
        peer.send(stack.message("progress", copiedBytes=10, size=20))
        stack.send_ready(peer)

    stack.sockets = [script]
    file = client.wait(client.request("q3.csv"), on_event=events.append)
    assert file.size == len(stack.content)
    progress = [(event.status, event.copied_bytes, event.size) for event in events if isinstance(event, Progress)]
    assert progress == [("PENDING", None, None), ("COPYING", 10, 20)]


def test_a_push_that_was_lost(stack: FakeStack, client: Client, events: list[Event]) -> None:
    """A client that is told nothing asks for the status until the answer is `ready`, which carries the URL."""

    def script(peer: Peer) -> None:
        for _ in range(3):
            assert peer.receive() == "status"
            peer.send(stack.message("status", status="COPYING", copiedBytes=7))
        assert peer.receive() == "status"  # the push of `ready` was given up meanwhile
        stack.send_ready(peer)

    stack.sockets = [script]
    file = client.wait(client.request("q3.csv"), on_event=events.append, timeout=10)
    assert file.url.startswith(f"{stack.s3_url}/s3/object")
    assert stack.actions[:4] == ["status"] * 4
    assert stack.gets("/v1/downloads/") == []


def test_a_push_that_was_lost_after_reconnecting(stack: FakeStack, client: Client) -> None:
    """Neither the push nor the replay to the new socket came."""

    def answers(peer: Peer) -> None:
        assert peer.receive() == "status"
        stack.send_ready(peer)

    stack.sockets = [lambda peer: peer.close(), answers]
    client.wait(client.request("q3.csv"), timeout=10)
    assert stack.actions == ["status"]


def test_silence_is_asked_about_less_and_less() -> None:
    """Soon after the socket has opened, in the end once in a keep-alive, and never all clients at once."""
    timing = Timing()
    for requests, max_delay in ((0, 5.0), (1, 10.0), (2, 20.0), (3, 40.0), (4, 60.0), (5000, 60.0)):
        drawn = [timing.status_delay(requests) for _ in range(20)]
        assert max_delay / 2 <= min(drawn) < max(drawn) <= max_delay


def test_messages_that_come_make_asking_superfluous(stack: FakeStack) -> None:
    """Progress shows that pushes arrive."""

    def script(peer: Peer) -> None:
        for number in range(10):
            peer.send(stack.message("progress", copiedBytes=number))
            peer.stopping.wait(0.05)
        stack.send_ready(peer)

    stack.sockets = [script]
    with Client(
        stack.api_url, timeout=5, timing=replace(QUICK, first_status_delay=2.0, max_status_delay=2.0)
    ) as client:
        client.wait(client.request("q3.csv"))
    assert stack.actions == []


def test_a_socket_that_is_not_served_any_more(stack: FakeStack, client: Client, events: list[Event]) -> None:
    """The stack has forgotten the connection: the client connects again, for nothing would be pushed to this one."""

    def forgotten(peer: Peer) -> None:
        error = {"code": "DOWNLOAD_NOT_FOUND", "message": "There is no such download."}
        while peer.receive():
            peer.send(stack.message("error", error=error) | {"downloadId": ""})

    stack.sockets = [forgotten, stack.send_ready]
    client.wait(client.request("q3.csv"), on_event=events.append, timeout=10)
    assert names(events) == ["connected", "progress", "disconnected", "connected", "ready"]


def test_half_open(stack: FakeStack, events: list[Event]) -> None:
    """A socket that swallows everything is given up for a new one."""
    timing = Timing(first_retry_delay=0.01, first_status_delay=0.01, answer_timeout=0.05)
    stack.sockets = [lambda peer: peer.stopping.wait(30), stack.send_ready]
    with Client(stack.api_url, timeout=5, timing=timing) as client:
        client.wait(client.request("q3.csv"), on_event=events.append)
    assert names(events) == ["connected", "progress", "disconnected", "connected", "ready"]


def test_failed(stack: FakeStack, client: Client, target: Path) -> None:
    """A failure is raised with the stack's own code and words."""
    error = {"code": "ORIGIN_NOT_FOUND", "message": "The origin has no such file (HTTP 404)."}
    stack.sockets = [lambda peer: peer.send(stack.message("failed", error=error))]
    with pytest.raises(DownloadFailedError, match="no such file") as caught:
        client.get("q3.csv", target)
    assert caught.value.code == "ORIGIN_NOT_FOUND"
    assert not target.exists()


def test_cancelled(stack: FakeStack, client: Client) -> None:
    """That somebody cancelled it is an error of its own."""
    stack.sockets = [lambda peer: peer.send(stack.message("cancelled"))]
    with pytest.raises(DownloadCancelledError):
        client.wait(client.request("q3.csv"))


def test_refused_ticket(stack: FakeStack, client: Client) -> None:
    """A ticket that the API refuses ends the wait at once."""
    download = client.request("q3.csv")
    stack.sockets = [403]
    stack.rest = [(403, {"error": {"code": "TICKET_REFUSED", "message": "The ticket does not open this download."}})]
    with pytest.raises(RefusedError, match="does not open") as caught:
        client.wait(download)
    assert (caught.value.code, caught.value.status) == ("TICKET_REFUSED", 403)


@pytest.mark.parametrize("closes_properly", [True, False])
def test_dropped(stack: FakeStack, client: Client, events: list[Event], closes_properly: bool) -> None:
    """After a break the socket is opened again, and the news come there."""
    stack.sockets = [lambda peer: peer.close() if closes_properly else None, stack.send_ready]
    client.wait(client.request("q3.csv"), on_event=events.append)
    assert names(events) == ["connected", "progress", "disconnected", "connected", "ready"]
    assert stack.gets(f"/v1/downloads/{ID}")[0].headers["x-download-ticket"] == TICKET


def test_ready_meanwhile(stack: FakeStack, client: Client, events: list[Event]) -> None:
    """What became ready while the socket broke is learnt by asking."""
    stack.sockets = [lambda _: stack.set_ready()]
    client.wait(client.request("q3.csv"), on_event=events.append)
    assert names(events) == ["connected", "ready"]


def test_sockets_refused(stack: FakeStack, client: Client, events: list[Event]) -> None:
    """Where sockets are refused, it asks until the file is ready."""
    stack.sockets = [405]

    def become_ready_after_some(event: Event) -> None:
        events.append(event)
        if event.name == "polling":
            stack.set_ready()

    client.wait(client.request("q3.csv"), on_event=become_ready_after_some)
    assert names(events) == ["progress", "polling", "ready"]
    assert len(stack.gets("/socket")) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_sockets_busy(stack: FakeStack, client: Client, events: list[Event], status: int) -> None:
    """Where sockets are refused for a moment only, the next one is not far."""
    stack.sockets = [status, stack.send_ready]
    client.wait(client.request("q3.csv"), on_event=events.append)
    assert names(events) == ["progress", "disconnected", "connected", "ready"]


def test_sockets_blocked(stack: FakeStack, client: Client, events: list[Event]) -> None:
    """Where no socket can be opened at all, it tries some times and then asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stack.web_socket_url = f"ws://127.0.0.1:{server.getsockname()[1]}/socket"
    download = client.request("q3.csv")

    def become_ready_after_some(event: Event) -> None:
        events.append(event)
        if event.name == "polling":
            stack.set_ready()

    client.wait(download, on_event=become_ready_after_some)
    assert names(events) == ["progress", "disconnected", "polling", "ready"]


def test_sockets_blocked_for_a_while(stack: FakeStack, events: list[Event]) -> None:
    """After some time of asking, a socket is tried again: what blocked it may be over."""
    stack.sockets = [405, stack.send_ready]
    timing = replace(QUICK, socket_retry_delay=0.05)
    with Client(stack.api_url, timeout=5, timing=timing) as client:
        client.wait(client.request("q3.csv"), on_event=events.append)
    assert names(events) == ["progress", "polling", "connected", "ready"]


def test_endless_answer(stack: FakeStack) -> None:
    """An answer that trickles in for ever is not waited for, nor one that has no end held."""
    stack.rest = [(200, {"x": "y" * (2 << 20)})] * 3
    with Client(stack.api_url, timing=QUICK) as client, pytest.raises(NetworkError, match="too large or too slow"):
        client.request("q3.csv")
    stack.trickle = True
    with (
        Client(stack.api_url, timeout=0.2, timing=QUICK) as client,
        pytest.raises(NetworkError, match="too large or too slow"),
    ):
        client.request("q3.csv")


def test_timeout(stack: FakeStack, client: Client) -> None:
    """A wait ends when the caller's patience does, on the socket and when asking."""
    stack.sockets = [lambda peer: peer.stopping.wait(30)]
    download = client.request("q3.csv")
    with pytest.raises(WaitTimeoutError):
        client.wait(download, timeout=0.02)
    stack.sockets = [403]
    with pytest.raises(WaitTimeoutError):
        client.wait(download, timeout=0.1)


def test_outage(stack: FakeStack, client: Client) -> None:
    """When nothing answers any more, the wait ends with a network error."""
    stack.sockets = [403]
    download = client.request("q3.csv")
    stack.rest = [503] * 1000
    with pytest.raises(UnavailableError):
        client.wait(download)


@pytest.mark.parametrize(
    ("header", "pause"), [("3", 3.0), ("0", 0.01), ("3600", 20.0), ("", 0.01), ("soon", 0.01), ("-1", 0.01)]
)
def test_busy_api_says_when_to_come_back(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, header: str, pause: float
) -> None:
    """Retry-After is the least pause before the next attempt, up to the max_delay that a client makes by itself."""
    pauses: list[float] = []
    monkeypatch.setattr(StopSignal, "sleep", lambda _self, seconds: pauses.append(seconds))
    stack.rest, stack.retry_after = [503], header
    with Client(stack.api_url, timing=Timing(first_retry_delay=0.01)) as client:
        client.request("q3.csv")
    assert pauses[0] == pytest.approx(pause, rel=0.5)
    assert pauses[0] >= pause / 2


def test_busy_api(stack: FakeStack, client: Client) -> None:
    """A busy API is asked again under the same Idempotency-Key, so that there is only one download."""
    stack.rest = [503, 429]
    client.request("q3.csv")
    keys = {request.headers["idempotency-key"] for request in stack.requests}
    assert (len(stack.requests), len(keys)) == (3, 1)
    client.request("q3.csv")
    keys.add(stack.requests[-1].headers["idempotency-key"])
    assert len(keys) == 2
    assert "" not in keys
    stack.rest = [500] * 3
    with pytest.raises(UnavailableError):
        client.request("q3.csv")


def test_a_caller_at_the_limit_of_running_downloads_tries_again_and_then_reads_what_to_do(
    stack: FakeStack, client: Client
) -> None:
    refused: tuple[int, dict[str, object]] = (
        429,
        {"error": {"code": "TOO_MANY_DOWNLOADS", "message": "Wait until one has ended."}},
    )
    stack.rest = [refused]
    client.request("q3.csv")
    stack.rest = [refused] * 3
    with pytest.raises(TooManyDownloadsError, match="Wait until one has ended") as raised:
        client.request("q3.csv")
    assert (raised.value.code, raised.value.status) == ("TOO_MANY_DOWNLOADS", 429)


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        ((400, {"error": {"code": "INVALID_PATH", "message": "The path is bad."}}), "INVALID_PATH", "The path is bad."),
        (
            (429, {"error": {"code": "DAILY_LIMIT_REACHED", "message": "The day ends at midnight UTC."}}),
            "DAILY_LIMIT_REACHED",
            "midnight",
        ),
        ((403, {"message": "Forbidden"}), "HTTP_403", "Forbidden.*credentials"),
        ((404, {}), "HTTP_404", "HTTP 404"),
    ],
)
def test_refused(stack: FakeStack, client: Client, answer: tuple[int, dict[str, object]], code: str, text: str) -> None:
    """A refusal carries the API's code and words, or the status of the gateway before it."""
    stack.rest = [answer]
    with pytest.raises(RefusedError, match=text) as caught:
        client.request("../q3.csv")
    assert caught.value.code == code
    assert len(stack.requests) == 1


@pytest.mark.parametrize("body", [{}, {"downloadId": ID}, {"webSocketEndpoint": "wss://host/v1"}])
def test_not_a_stack(stack: FakeStack, client: Client, body: dict[str, object]) -> None:
    """An answer that no stack gives is named as such."""
    stack.rest = [(200, body)]
    with pytest.raises(ProtocolError):
        client.request("q3.csv")


def test_status_and_cancel(stack: FakeStack, client: Client) -> None:
    """A download can be looked at and cancelled with its ticket."""
    download = client.request("q3.csv")
    assert client.status(download).copied_bytes == 7
    client.cancel(download)
    assert (stack.requests[-1].method, stack.requests[-1].headers["x-download-ticket"]) == ("DELETE", TICKET)


def test_no_server(target: Path) -> None:
    """Without a server there is a network error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}/v1", timing=QUICK) as client, pytest.raises(NetworkError, match="reached"):
        client.get("q3.csv", target)


@pytest.mark.parametrize("url", ["", "example.com/v1", "ftp://example.com", "https://"])
def test_no_url(url: str) -> None:
    """What is no URL is refused before anything happens."""
    with pytest.raises(ValueError, match="https://"):
        Client(url)
