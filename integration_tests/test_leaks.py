"""No log line, execution history, table item, event or environment holds a ticket, a signature or a secret header.

The fixture `deploy` checks each stack again after all tests.
"""

from __future__ import annotations

import json
import secrets

import pytest

from integration_tests.support.journeys import basic
from integration_tests.support.leaks import find_leaks
from integration_tests.support.records import all_records
from integration_tests.support.settings import GUARDED, SECRET_HEADER
from integration_tests.support.sockets import HandshakeRefusedError, Socket
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from localcloud.origin import Origin


def downloads_by_status(stack: Stack) -> dict[str, Download]:
    """Return a download for each status; its client has used every URL, and a wrong ticket was refused."""
    cancelled = stack.client.request(unique_path("1MB", "first_byte=10"))
    with stack.client.connect(cancelled) as socket:
        socket.ask("cancel", "cancelled")
    ready, failed = stack.client.request(unique_path("1MB")), stack.client.request(unique_path("1MB", "status=404"))
    with stack.client.connect(ready) as ready_socket, stack.client.connect(failed) as failed_socket:
        stack.client.fetch(ready_socket.receive("ready")["url"])
        stack.client.fetch(ready_socket.ask("refresh", "ready")["url"])
        stack.client.fetch(stack.client.status(ready).body["url"])
        failed_socket.receive("failed")
    with pytest.raises(HandshakeRefusedError):
        Socket(f"{ready.socket_url}?ticket={failed.id}.{ready.ticket.partition('.')[2]}")
    return {"SUCCEEDED": ready, "FAILED": failed, "ABORTED": cancelled}


def downloads_with_secret_header(stack: Stack, types: dict[str, str]) -> list[Download]:
    """Request these paths from the origin that gets a secret header; wait for their messages of these types."""
    downloads = [stack.client.request(path, origin=GUARDED) for path in types]
    for download, message_type in zip(downloads, types.values(), strict=True):
        assert stack.client.receive_end(download)["type"] == message_type
    return downloads


def test_no_record_holds_a_secret(stack: Stack, origin: Origin, secret: tuple[str, str]) -> None:
    by_status = downloads_by_status(stack)
    types = {
        unique_path("1MB"): "ready",
        unique_path("70MB"): "ready",
        unique_path("1MB", "close_after=0&ranges=no"): "failed",
        unique_path("1MB", "status=500"): "failed",
    }
    downloads = [*by_status.values(), *downloads_with_secret_header(stack, types)]
    for status, download in by_status.items():
        assert stack.operator.wait_until_ended(download) == status
    for path in types:
        sent = {request.headers.get(SECRET_HEADER.lower()) for request in origin.requests if request.path == f"/{path}"}
        assert sent == {secret[1]}, "the origin did not get its secret, so the scan shows nothing"
    for journey in (
        basic.connect_after_the_end,
        basic.stay_idle_until_closed,
        basic.receive_progress,
        basic.poll_until_ready,
    ):
        journey.run(stack, 10)
    assert len(stack.client.secrets) >= 12
    for download in downloads:
        stack.end_events.wait_for_event(download, 60)
    records = all_records(stack)
    for kind in set(records) - {"settings"}:
        text = "\n".join(line for _, line in records[kind])
        for download in downloads:
            assert download.id in text, f"{kind} does not name the download, so the scan shows nothing"
    assert find_leaks(records, stack.client.secrets) == []


def test_a_planted_secret_is_found(stack: Stack) -> None:
    """The result names the place and does not repeat the secret."""
    planted = secrets.token_urlsafe(32)
    where = "a planted secret"
    client, table = stack.cloud.client("dynamodb"), stack.outputs["connectionsTableName"]
    group = f"/aws/lambda/{stack.operator.function_name('copy')}"
    logs = stack.cloud.client("logs")
    client.put_item(TableName=table, Item={"connectionId": {"S": where}, "x": {"S": f"a={planted}/b"}})
    logs.create_log_stream(logGroupName=group, logStreamName=planted[:4])
    event = {"timestamp": 1, "message": f'{{"url": "https://h/p?t={planted}&x=1"}}'}
    logs.put_log_events(logGroupName=group, logStreamName=planted[:4], logEvents=[event])
    try:
        places = find_leaks(all_records(stack), {planted})
        assert places == [f"items: {table}", f"logs: {group}"]
    finally:
        client.delete_item(TableName=table, Key={"connectionId": {"S": where}})
        logs.delete_log_stream(logGroupName=group, logStreamName=planted[:4])
    assert find_leaks(all_records(stack), {planted}) == []


@pytest.mark.parametrize(
    ("text", "leaking"),
    [
        ("GET /x?X-Amz-Signature=0", True),
        ("x-amz-security-token", True),
        ("X-Amz-Date=1&X-Amz-Expires=60", False),
        (f"x{'s' * 15}x", False),
        (f"x{'s' * 16}x", True),
        (json.dumps({"nested": json.dumps({"t": "s" * 20})}), True),
    ],
)
def test_the_scanner_finds_a_signed_link_and_half_a_secret(text: str, leaking: bool) -> None:
    assert find_leaks({"logs": [("group", text)]}, {"s" * 40}) == (["logs: group"] if leaking else [])


@pytest.mark.parametrize("part", [slice(None), slice(0, 20), slice(11, 31), slice(-16, None)])
def test_the_scanner_finds_any_part_of_a_secret(part: slice) -> None:
    secret = secrets.token_urlsafe(32)
    assert find_leaks({"items": [("table", f"a={secret[part]}/b")]}, {secret}) == ["items: table"]
