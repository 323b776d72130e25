"""Requesting a file and waiting for it: on a WebSocket, or by polling."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from async_download_client import (
    Client,
    DownloadCancelledError,
    DownloadFailedError,
    Event,
    NetworkError,
    Preparing,
    Progress,
    ProtocolError,
    RefusedError,
    StopSignal,
    Timing,
    TooManyDownloadsError,
    UnavailableError,
    WaitTimeoutError,
)
from async_download_client.events import as_json

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import ID, TICKET, FakeStack, Peer

Wait = Callable[..., list[str]]


def names(events: list[Event]) -> list[str]:
    """Return the names of events without repetitions in a row."""
    all_names = [event.name for event in events]
    return [name for index, name in enumerate(all_names) if index == 0 or all_names[index - 1] != name]


@pytest.fixture
def wait(stack: FakeStack, client: Client, events: list[Event]) -> Wait:
    """Requests a file and waits for it; returns the names of the events. With `ready_at` the API is READY after one."""

    def run(ready_at: str = "") -> list[str]:
        def on_event(event: Event) -> None:
            events.append(event)
            if event.name == ready_at:
                stack.set_ready()

        client.wait(client.request("q3.csv"), on_event=on_event, timeout=10)
        return names(events)

    return run


def test_get_requests_waits_and_downloads(stack: FakeStack, client: Client, target: Path, events: list[Event]) -> None:
    saved = client.get("q3.csv", target, origin="reports", file_name="q3.bin", on_event=events.append)
    assert target.read_bytes() == stack.content
    assert saved.size == len(stack.content)
    assert names(events) == ["requested", "connected", "ready", "received", "verified", "saved"]
    request = stack.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/downloads")
    assert json.loads(request.body) == {"path": "q3.csv", "origin": "reports", "fileName": "q3.bin"}
    assert [request.headers["x-download-ticket"] for request in stack.gets("/socket")] == [TICKET]


def test_the_download_url_is_accepted_and_headers_go_with_each_call(stack: FakeStack, target: Path) -> None:
    with Client(f"{stack.api_url}/download", headers={"x-api-key": "made-up"}, timing=QUICK) as client:
        client.get("q3.csv", target)
    assert stack.requests[0].path == "/v1/downloads"
    assert stack.requests[0].headers["x-api-key"] == "made-up"


def test_while_waiting_progress_is_reported_and_unknown_messages_are_ignored(
    stack: FakeStack, client: Client, events: list[Event]
) -> None:
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


def test_a_silent_socket_is_asked_for_the_status_until_ready(
    stack: FakeStack, client: Client, events: list[Event]
) -> None:
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


def test_a_silent_socket_is_asked_for_the_status_after_reconnecting(stack: FakeStack, client: Client) -> None:
    def answers(peer: Peer) -> None:
        assert peer.receive() == "status"
        stack.send_ready(peer)

    stack.sockets = [lambda peer: peer.close(), answers]
    client.wait(client.request("q3.csv"), timeout=10)
    assert stack.actions == ["status"]


def test_status_requests_become_rarer_and_have_jitter() -> None:
    timing = Timing()
    for requests, max_delay in ((0, 5.0), (1, 10.0), (2, 20.0), (3, 40.0), (4, 60.0), (5000, 60.0)):
        drawn = [timing.status_delay(requests) for _ in range(20)]
        assert max_delay / 2 <= min(drawn) < max(drawn) <= max_delay


def test_no_status_is_requested_while_messages_arrive(stack: FakeStack) -> None:
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


def test_a_socket_that_the_stack_has_forgotten_is_replaced(stack: FakeStack, wait: Wait) -> None:
    def forgotten(peer: Peer) -> None:
        error = {"code": "DOWNLOAD_NOT_FOUND", "message": "There is no such download."}
        while peer.receive():
            peer.send(stack.message("error", error=error) | {"downloadId": ""})

    stack.sockets = [forgotten, stack.send_ready]
    assert wait() == ["connected", "progress", "disconnected", "connected", "ready"]


def test_a_socket_without_any_reply_is_replaced(stack: FakeStack, events: list[Event]) -> None:
    timing = Timing(first_retry_delay=0.01, first_status_delay=0.01, answer_timeout=0.05)
    stack.sockets = [lambda peer: peer.stopping.wait(30), stack.send_ready]
    with Client(stack.api_url, timeout=5, timing=timing) as client:
        client.wait(client.request("q3.csv"), on_event=events.append)
    assert names(events) == ["connected", "progress", "disconnected", "connected", "ready"]


def test_a_failure_has_the_code_and_message_of_the_stack(stack: FakeStack, client: Client, target: Path) -> None:
    stack.fail()
    with pytest.raises(DownloadFailedError, match="no such file") as caught:
        client.get("q3.csv", target)
    assert caught.value.code == "ORIGIN_NOT_FOUND"
    assert not target.exists()


def test_a_cancelled_download_has_its_own_error(stack: FakeStack, client: Client) -> None:
    stack.sockets = [lambda peer: peer.send(stack.message("cancelled"))]
    with pytest.raises(DownloadCancelledError):
        client.wait(client.request("q3.csv"))


def test_a_refused_ticket_ends_the_wait(stack: FakeStack, client: Client) -> None:
    download = client.request("q3.csv")
    stack.sockets = [403]
    stack.rest = [(403, {"error": {"code": "TICKET_REFUSED", "message": "The ticket does not open this download."}})]
    with pytest.raises(RefusedError, match="does not open") as caught:
        client.wait(download)
    assert (caught.value.code, caught.value.status) == ("TICKET_REFUSED", 403)


@pytest.mark.parametrize("closes_properly", [True, False])
def test_a_broken_socket_is_replaced(stack: FakeStack, closes_properly: bool, wait: Wait) -> None:
    stack.sockets = [lambda peer: peer.close() if closes_properly else None, stack.send_ready]
    assert wait() == ["connected", "progress", "disconnected", "connected", "ready"]
    assert stack.gets(f"/v1/downloads/{ID}")[0].headers["x-download-ticket"] == TICKET


def test_a_file_that_became_ready_while_the_socket_broke_is_found_by_rest(stack: FakeStack, wait: Wait) -> None:
    stack.sockets = [lambda _: stack.set_ready()]
    assert wait() == ["connected", "ready"]


def test_where_sockets_are_refused_the_client_polls(stack: FakeStack, wait: Wait) -> None:
    stack.sockets = [405]

    assert wait("polling") == ["progress", "polling", "ready"]
    assert len(stack.gets("/socket")) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_socket_that_is_refused_for_a_moment_is_opened_again(stack: FakeStack, status: int, wait: Wait) -> None:
    stack.sockets = [status, stack.send_ready]
    assert wait() == ["progress", "disconnected", "connected", "ready"]


def test_where_no_socket_can_be_opened_the_client_retries_and_then_polls(stack: FakeStack, wait: Wait) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stack.web_socket_url = f"ws://127.0.0.1:{server.getsockname()[1]}/socket"
    assert wait("polling") == ["progress", "disconnected", "polling", "ready"]


def test_after_some_polling_a_socket_is_tried_again(stack: FakeStack, events: list[Event]) -> None:
    stack.sockets = [405, stack.send_ready]
    timing = replace(QUICK, socket_retry_delay=0.05)
    with Client(stack.api_url, timeout=5, timing=timing) as client:
        client.wait(client.request("q3.csv"), on_event=events.append)
    assert names(events) == ["progress", "polling", "connected", "ready"]


def test_a_response_that_is_too_large_or_too_slow_is_refused(stack: FakeStack) -> None:
    stack.rest = [(200, {"x": "y" * (2 << 20)})] * 30
    with Client(stack.api_url, timing=QUICK) as client, pytest.raises(NetworkError, match="too large or too slow"):
        client.request("q3.csv")
    stack.trickle = True
    with (
        Client(stack.api_url, timeout=0.2, timing=QUICK) as client,
        pytest.raises(NetworkError, match="too large or too slow"),
    ):
        client.request("q3.csv")


def test_the_timeout_ends_a_wait_on_a_socket_and_by_polling(stack: FakeStack, client: Client) -> None:
    stack.stay_silent()
    download = client.request("q3.csv")
    with pytest.raises(WaitTimeoutError):
        client.wait(download, timeout=0.02)
    stack.sockets = [403]
    with pytest.raises(WaitTimeoutError):
        client.wait(download, timeout=0.1)


def test_an_outage_ends_the_wait_with_a_network_error(stack: FakeStack, client: Client) -> None:
    stack.sockets = [403]
    download = client.request("q3.csv")
    stack.rest = [503] * 1000
    with pytest.raises(UnavailableError):
        client.wait(download)


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("3", 3.0),
        ("0", 0.01),
        ("3600", 120.0),
        ("", 0.01),
        ("soon", 0.01),
        ("-1", 0.01),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 120.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.01),
        ("Fri, 99 Dec 9999", 0.01),
        ("9" * 400, 0.01),
    ],
)
def test_retry_after_is_the_delay_before_the_next_attempt(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, header: str, pause: float
) -> None:
    """Retry-After counts up to the end of `max_outage`."""
    pauses: list[float] = []
    monkeypatch.setattr(StopSignal, "sleep", lambda _self, seconds: pauses.append(seconds))
    stack.rest, stack.retry_after = [503], header
    with Client(stack.api_url, timing=Timing(first_retry_delay=0.01)) as client:
        client.request("q3.csv")
    assert pauses[0] == pytest.approx(pause, rel=0.5)
    assert pauses[0] >= pause / 2


def test_an_overloaded_api_is_retried_with_the_same_idempotency_key(stack: FakeStack, client: Client) -> None:
    stack.rest = [503, 429]
    client.request("q3.csv")
    keys = {request.headers["idempotency-key"] for request in stack.requests}
    assert (len(stack.requests), len(keys)) == (3, 1)
    client.request("q3.csv")
    keys.add(stack.requests[-1].headers["idempotency-key"])
    assert len(keys) == 2
    assert "" not in keys
    stack.rest = [500] * 30
    with pytest.raises(UnavailableError):
        client.request("q3.csv")


def test_too_many_downloads_is_retried_and_then_raised_with_its_message(stack: FakeStack, client: Client) -> None:
    refused: tuple[int, dict[str, object]] = (
        429,
        {"error": {"code": "TOO_MANY_DOWNLOADS", "message": "Wait until one has ended."}},
    )
    stack.rest = [refused]
    client.request("q3.csv")
    stack.rest = [refused] * 30
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
        ((403, {"message": "Forbidden"}), "HTTP_403", "Forbidden.*firewall.*credentials"),
        ((403, {"message": "Missing Authentication Token"}), "HTTP_403", r"^(?!.*firewall).*Token.*credentials"),
        (
            (403, {"error": {"code": "REQUEST_BLOCKED", "message": "A firewall blocked the request."}}),
            "REQUEST_BLOCKED",
            "^A firewall blocked the request.$",
        ),
        ((404, {}), "HTTP_404", "HTTP 404"),
    ],
)
def test_a_refusal_has_the_code_of_the_api_or_the_status_of_the_gateway(
    stack: FakeStack, client: Client, answer: tuple[int, dict[str, object]], code: str, text: str
) -> None:
    stack.rest = [answer]
    with pytest.raises(RefusedError, match=text) as caught:
        client.request("../q3.csv")
    assert caught.value.code == code
    assert len(stack.requests) == 1


@pytest.mark.parametrize("body", [{}, {"downloadId": ID}, {"webSocketEndpoint": "wss://host/v1"}])
def test_a_response_that_no_stack_sends_is_a_protocol_error(
    stack: FakeStack, client: Client, body: dict[str, object]
) -> None:
    stack.rest = [(200, body)]
    with pytest.raises(ProtocolError):
        client.request("q3.csv")


def test_without_a_server_there_is_a_network_error(target: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}/v1", timing=QUICK) as client, pytest.raises(NetworkError, match="reached"):
        client.get("q3.csv", target)


@pytest.mark.parametrize("url", ["", "example.com/v1", "ftp://example.com", "https://"])
def test_an_invalid_url_is_refused_by_the_constructor(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Client(url)


def test_a_preparing_origin_is_reported_once_per_time_until_bytes_flow(
    stack: FakeStack, client: Client, events: list[Event]
) -> None:
    def script(peer: Peer) -> None:
        assert peer.receive() == "status"
        for moment in ("2030-01-01T14:03:10.000Z", "2030-01-01T14:03:10.000Z", "2030-01-01T15:00:00.000Z", "soon"):
            peer.send(stack.message("status", status="PREPARING", nextRequestAt=moment))
        peer.send(stack.message("progress", copiedBytes=10, size=20))
        stack.send_ready(peer)

    stack.sockets = [script]
    client.wait(client.request("q3.csv"), on_event=events.append)
    reported = [event for event in events if isinstance(event, Preparing | Progress)]
    first, second = datetime(2030, 1, 1, 14, 3, 10, tzinfo=UTC), datetime(2030, 1, 1, 15, tzinfo=UTC)
    assert reported == [Preparing(first), Preparing(second), Preparing(None), Progress("COPYING", 10, 20)]
    assert as_json(reported[0]) == {"event": "preparing", "nextRequestAt": "2030-01-01T14:03:10Z"}


def test_a_preparing_origin_is_waited_for_as_long_as_the_download_lives(stack: FakeStack, client: Client) -> None:
    """Neither silence nor lost sockets end the wait, because the stack answers."""

    def script(peer: Peer) -> None:
        for _ in range(5):
            assert peer.receive() == "status"
            peer.send(stack.message("status", status="PREPARING", nextRequestAt="2029-12-31T00:00:00.000Z"))

    stack.sockets = [script, script, script, script, stack.send_ready]
    assert client.wait(client.request("q3.csv")).size == len(stack.content)
    assert stack.actions.count("status") == 20


def test_an_unknown_status_is_reported_and_waited_for(stack: FakeStack, client: Client, events: list[Event]) -> None:
    """A newer stack may have further statuses."""

    def script(peer: Peer) -> None:
        assert peer.receive() == "status"
        peer.send(stack.message("status", status="INVENTED_LATER", nextRequestAt=7))
        stack.send_ready(peer)

    stack.sockets = [script]
    client.wait(client.request("q3.csv"), on_event=events.append)
    assert Progress("INVENTED_LATER", None, None) in events
