"""Calls of the API that are repeated, `--retry-for`, `Retry-After`, and clocks that are wrong."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from async_download_client import Client, Event, RefusedError, StopSignal, Timing, cli
from async_download_client.api import Api
from async_download_client.models import DownloadRequest
from async_download_client.transport import Transport
from async_download_client.wait import Wait

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import FakeStack
from client.tests.support.loopback import Handler

pytestmark = pytest.mark.usefixtures("keep_signals")
Capture = pytest.CaptureFixture[str]


def test_retry_for_holds_from_the_first_call_while_the_api_is_away(target: Path, capfd: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = time.monotonic()
    arguments = ["get", f"http://127.0.0.1:{port}/v1", "--path", "a", "-o", str(target), "--retry-for"]
    assert cli.main([*arguments, "3"]) == 7
    assert 3 <= time.monotonic() - started < 30
    assert "Interrupted: 127.0.0.1 cannot be reached. Retrying in" in capfd.readouterr().err


def test_an_api_that_comes_back_within_retry_for_gets_the_call(stack: FakeStack, target: Path) -> None:
    """The API answers 503 with Retry-After to more calls than `attempts`."""
    stack.rest, stack.retry_after = [503] * 7, "0"
    timing = Timing(attempts=2, first_retry_delay=0.05, max_retry_delay=0.05, max_outage=30)
    events: list[Event] = []
    with Client(stack.api_url, timing=timing) as client:
        client.get("q3.csv", target, on_event=events.append)
        assert [event.name for event in events][:8] == ["retrying"] * 7 + ["requested"]
        stack.rest = [503] * 3
        events.clear()
        download = client.request("q3.csv", on_event=events.append)
        client.status(download, on_event=events.append)
        client.cancel(download, on_event=events.append)
    assert [event.name for event in events] == ["retrying"] * 3


def test_retry_after_beyond_retry_for_ends_the_call_in_time(stack: FakeStack, capfd: Capture) -> None:
    stack.rest, stack.retry_after = [503] * 100, "3600"
    started = time.monotonic()
    assert cli.main(["request", stack.api_url, "--path", "a", "--retry-for", "1"]) == 7
    assert 1 <= time.monotonic() - started < 10
    assert len(stack.requests) == 2
    assert "Interrupted: " in capfd.readouterr().err


def test_a_date_in_retry_after_is_compared_with_the_clock_of_the_server(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_server_date(monkeypatch)
    pauses: list[float] = []
    monkeypatch.setattr(StopSignal, "sleep", lambda _self, seconds: pauses.append(seconds))
    stack.rest, stack.retry_after = [503], "Wed, 01 Jan 2020 00:00:12 GMT"
    with Client(stack.api_url, timing=Timing(first_retry_delay=0.01)) as client:
        client.request("q3.csv")
    assert pauses[0] == pytest.approx(12, abs=5)


def set_server_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server's clock show the beginning of 2020, by which this machine's clock is years ahead."""
    monkeypatch.setattr(Handler, "date_time_string", lambda *_: "Wed, 01 Jan 2020 00:00:00 GMT")


def test_a_wrong_clock_does_not_shorten_the_wait(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    set_server_date(monkeypatch)
    stack.stay_silent()
    transport = Transport(5, 1)
    api = Api(stack.api_url, transport, QUICK, {}, None)
    download = replace(api.request(DownloadRequest("a")), expires_at=datetime(2020, 1, 1, 1, tzinfo=UTC))
    wait = Wait(api, download, lambda _: None, QUICK, 5, None, StopSignal(), time.monotonic())
    assert wait._timeout == pytest.approx(3660, abs=60)
    transport.close()


def test_a_refusal_says_that_the_clock_is_wrong(
    stack: FakeStack, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.rest = [(403, {"message": "Signature expired"})]
    with pytest.raises(RefusedError) as refused:
        client.request("a")
    assert "clock" not in str(refused.value)
    set_server_date(monkeypatch)
    stack.rest = [(403, {"message": "Signature expired"})]
    with pytest.raises(RefusedError, match="clock of this machine is wrong by"):
        client.request("a")


def test_the_timeout_of_get_limits_the_retries_of_its_request(stack: FakeStack, target: Path) -> None:
    stack.rest = [503] * 100
    started = time.monotonic()
    assert cli.main(["get", stack.api_url, "-o", str(target), "--quiet", "--timeout", "0.5"]) == 7
    assert 0.5 <= time.monotonic() - started < 10
