"""Journeys in which client and stack do what they are expected to do."""

from __future__ import annotations

import secrets
import time

from integration_tests.support.journeys.journey import journey
from integration_tests.support.settings import GUARDED
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

SHORT_WAIT = "first_byte=0.3"  # long enough to connect before the end
NORMAL_CLOSURE = 1000
SLICED = "70MB"  # more than a slice holds
TWO_PROGRESS_MESSAGES = "300MB"  # large enough that two progress messages cost at most 1 % of its copy


@journey("request_download")
def request_file(stack: Stack, _timeout: float) -> None:
    stack.client.request(unique_path("1"))


@journey("request_download")
def repeat_idempotency_key(stack: Stack, _timeout: float) -> None:
    key, path = secrets.token_hex(16), unique_path("1")
    first, second = stack.client.request(path, key=key), stack.client.request(path, key=key)
    assert (first.id == second.id, first.ticket == second.ticket) == (True, False)


@journey("request_download", "connect", "copy", "deliver")
def receive_ready(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", SHORT_WAIT))
    stack.client.receive_ready(download, timeout)


@journey("request_download", "connect", "copy", "deliver")
def connect_after_the_end(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1"))
    _assert_ended(stack, download, "SUCCEEDED")
    stack.client.receive_ready(download, timeout)


@journey("request_download", "connect", "copy", "fail")
def receive_failed(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", f"{SHORT_WAIT}&status=404"))
    assert stack.client.receive_end(download, timeout)["type"] == "failed"


@journey("copy")
def receive_ready_of_a_multipart_copy(stack: Stack, timeout: float) -> None:
    """One worker copies the file in parts."""
    download = stack.client.request(unique_path("20MB", SHORT_WAIT))
    stack.client.receive_ready(download, timeout + 1)


@journey("copy", "fail")
def receive_failed_of_a_truncated_file(stack: Stack, _timeout: float) -> None:
    """The origin closes the connection in the second part and accepts no ranges."""
    download = stack.client.request(unique_path("20MB", "close_after=12000000&ranges=no"))
    assert stack.client.receive_end(download).get("error", {}).get("code") == "ORIGIN_TRUNCATED"


@journey("copy", "copy_slice", "complete")
def receive_ready_of_a_sliced_copy(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path(SLICED))
    stack.client.receive_ready(download, timeout + 1)


@journey("copy")
def copy_with_secret_header(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", SHORT_WAIT), origin=GUARDED)
    stack.client.receive_ready(download, timeout)


@journey("copy", "copy_slice")
def copy_slices_with_secret_header(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path(SLICED), origin=GUARDED)
    stack.client.receive_ready(download, timeout + 1)


@journey("copy")
def receive_progress(stack: Stack, _timeout: float) -> None:
    with stack.client.connect(stack.client.request(unique_path("9MB", "rate=3000000"))) as socket:
        assert socket.receive("progress", "ready")["type"] == "progress"


@journey("copy_slice")
def receive_progress_of_a_sliced_copy(stack: Stack, _timeout: float) -> None:
    path = unique_path(TWO_PROGRESS_MESSAGES, "rate=4000000")
    with stack.client.connect(stack.client.request(path)) as socket:
        assert socket.receive("progress", "ready")["type"] == "progress"


@journey("get_download")
def poll_until_ready(stack: Stack, _timeout: float) -> None:
    download = stack.client.request(unique_path("1"))
    _assert_ended(stack, download, "SUCCEEDED")
    answer = stack.client.status(download)
    assert answer.status == 200, answer
    assert answer.body["url"]


@journey("get_download", "signer")
def fetch_file(stack: Stack, _timeout: float) -> None:
    download = stack.client.request(unique_path("1"))
    _assert_ended(stack, download, "SUCCEEDED")
    assert stack.client.fetch(stack.client.status(download).body["url"]).status == 200


@journey("cancel_download", "fail")
def cancel_over_rest(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", "first_byte=10"))
    with stack.client.connect(download) as socket:
        assert stack.client.cancel(download).status == 202
        _assert_ended(stack, download, "ABORTED")
        socket.receive("cancelled", deadline=timeout)


@journey("message", "fail")
def cancel_over_socket(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", "first_byte=10"))
    with stack.client.connect(download) as socket:
        socket.ask("cancel", "cancelled", deadline=timeout)
        _assert_ended(stack, download, "ABORTED")
        socket.ask("ping", "pong", deadline=timeout)
        assert "error" not in socket.types()


@journey("message")
def ping(stack: Stack, timeout: float) -> None:
    with stack.client.connect(stack.client.request(unique_path("1"))) as socket:
        socket.ask("ping", "pong", deadline=timeout)


@journey("message")
def refresh_url(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1"))
    _assert_ended(stack, download, "SUCCEEDED")
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        socket.ask("refresh", "ready", deadline=timeout)


@journey("connect", "disconnect")
def close_socket(stack: Stack, timeout: float) -> None:
    """Both tables forget the connection."""
    download = stack.client.request(unique_path("1", "first_byte=15"))  # so that `deliver` cannot remove it first
    with stack.client.connect(download):
        (connection_id,) = wait_for(lambda: stack.operator.connection_ids(download), timeout)
    wait_for(lambda: stack.operator.connection_item(connection_id), timeout, until=is_absent)
    wait_for(lambda: stack.operator.connection_ids(download), timeout, until=is_absent)


@journey("close", "message")
def stay_idle_until_closed(stack: Stack, timeout: float) -> None:
    """The idle socket is closed and removed from both tables; the one that sends a message stays open."""
    download = stack.client.request(unique_path("1"))
    with stack.client.connect(download) as idle, stack.client.connect(download) as busy:
        for socket in (idle, busy):
            socket.receive("ready")
        first, second = wait_for(lambda: _oldest_first(stack, download), timeout, until=lambda ids: len(ids) == 2)
        since = time.time()
        busy.ask("refresh", "ready", deadline=timeout)
        before = stack.operator.idle_closer_executions(download)
        closed = stack.operator.close_idle(download, first, second, since=since)
        assert closed == {"closed": 1, "gone": 0, "inUse": 1}
        assert idle.wait_closed(timeout) == NORMAL_CLOSURE
        assert stack.operator.connection_ids(download) == {second}
        assert len(stack.operator.idle_closer_executions(download)) == len(before) + 1
        busy.ask("ping", "pong", deadline=timeout)


@journey("deliver")
def schedule_idle_closer_after_ready(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", SHORT_WAIT))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        wait_for(lambda: stack.operator.idle_closer_executions(download), timeout)


@journey("fail")
def schedule_idle_closer_after_failed(stack: Stack, timeout: float) -> None:
    download = stack.client.request(unique_path("1", f"{SHORT_WAIT}&status=404"))
    with stack.client.connect(download) as socket:
        socket.receive("failed")
        wait_for(lambda: stack.operator.idle_closer_executions(download), timeout)


@journey("connect")
def connect_at_the_limit(stack: Stack, _timeout: float) -> None:
    """The limit is reached by sockets that vanished without `$disconnect`."""
    download = stack.client.request(unique_path("1", SHORT_WAIT))
    for number in range(int(stack.operator.environment("connect")["MAX_CONNECTIONS"])):
        stack.operator.put_connection(download, f"lost{number}")
    stack.client.receive_ready(download)


def _oldest_first(stack: Stack, download: Download) -> list[str]:
    """Return the ids of the download's connections, the oldest first."""
    items = [stack.operator.connection_item(connection_id) for connection_id in stack.operator.connection_ids(download)]
    return [str(item["connectionId"]) for item in sorted(filter(None, items), key=lambda item: item["connectedAt"])]


def _assert_ended(stack: Stack, download: Download, status: str) -> None:
    assert stack.operator.wait_until_ended(download) == status
