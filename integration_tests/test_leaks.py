"""Secrets never rest: no ticket, signature or secret header in a log line, a history, a row or a setting.

The suite looks once more at its end, at everything that all its tests wrote.
"""

from __future__ import annotations

import json
import secrets

import pytest

from integration_tests.support import journeys
from integration_tests.support.leaks import leaks
from integration_tests.support.settings import GUARDED, SECRET_HEADER
from integration_tests.support.sockets import RefusedError, Socket
from integration_tests.support.stack import Requested, Stack, unique
from integration_tests.support.written import everything
from localcloud.origin import Origin


def ways(stack: Stack) -> dict[str, Requested]:
    """Downloads that end in every way, of a client that uses all that it is given; and a stranger."""
    cancelled = stack.request(unique("1MB", "first_byte=10"))
    with stack.connect(cancelled) as socket:
        socket.ask("cancel", "cancelled")
    told, failed = stack.request(unique("1MB")), stack.request(unique("1MB", "status=404"))
    with stack.connect(told) as one, stack.connect(failed) as two:
        stack.fetch(one.receive("ready")["url"])
        stack.fetch(one.ask("refresh", "ready")["url"])
        stack.fetch(stack.status(told).body["url"])
        two.receive("failed")
    with pytest.raises(RefusedError):
        Socket(f"{told.socket_url}?ticket={failed.id}.{told.ticket.partition('.')[2]}")
    return {"SUCCEEDED": told, "FAILED": failed, "ABORTED": cancelled}


def guarded(stack: Stack, path: str, kind: str) -> Requested:
    """A download of an origin that is sent a secret."""
    answer = stack.rest.call("POST", "/downloads", {"origin": GUARDED, "path": path})
    download = stack.requested(answer)
    with stack.connect(download) as socket:
        assert socket.receive("ready", "failed", deadline=30)["type"] == kind
    return download


def test_no_secret_is_written_down(stack: Stack, origin: Origin, secret: tuple[str, str]) -> None:
    downloads = ways(stack)
    for status, download in downloads.items():
        assert stack.ended(download) == status
    served = [unique("1MB"), unique("70MB"), unique("1MB", "close_after=0&ranges=no"), unique("1MB", "status=500")]
    kinds = ("ready", "ready", "failed", "failed")
    ours = [*downloads.values(), *(guarded(stack, *each) for each in zip(served, kinds, strict=True))]
    for path in served:
        sent = {request.headers.get(SECRET_HEADER.lower()) for request in origin.requests if request.path == f"/{path}"}
        assert sent == {secret[1]}, "the origin was not sent its secret, so nothing is shown"
    for journey in (journeys.be_told_late, journeys.be_closed, journeys.see_progress, journeys.poll):
        journey(stack, 10)
    assert len(stack.secrets) >= 12
    found = everything(stack)
    for kind in set(found) - {"settings"}:
        text = "\n".join(line for _, line in found[kind])
        for download in ours:
            assert download.id in text, f"{kind} should speak of every download, or the scan sees nothing"
    assert leaks(found, stack.secrets) == []


def test_a_planted_secret_is_found(stack: Stack) -> None:
    """In the middle of other words; and what is found is not repeated."""
    planted = secrets.token_urlsafe(32)
    where = "a planted secret"
    client, table = stack.cloud.client("dynamodb"), stack.outputs["connectionsTableName"]
    group = f"/aws/lambda/{stack.function('copy')}"
    logs = stack.cloud.client("logs")
    client.put_item(TableName=table, Item={"connectionId": {"S": where}, "x": {"S": f"a={planted}/b"}})
    logs.create_log_stream(logGroupName=group, logStreamName=planted[:4])
    event = {"timestamp": 1, "message": f'{{"url": "https://h/p?t={planted}&x=1"}}'}
    logs.put_log_events(logGroupName=group, logStreamName=planted[:4], logEvents=[event])
    try:
        found = leaks(everything(stack), {planted})
        assert found == [f"logs: {group}", f"rows: {table}"]
    finally:
        client.delete_item(TableName=table, Key={"connectionId": {"S": where}})
        logs.delete_log_stream(logGroupName=group, logStreamName=planted[:4])
    assert leaks(everything(stack), {planted}) == []


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
def test_the_scanner_knows_a_link_and_half_a_secret(text: str, leaking: bool) -> None:
    assert leaks({"logs": [("group", text)]}, {"s" * 40}) == (["logs: group"] if leaking else [])


@pytest.mark.parametrize("part", [slice(None), slice(0, 20), slice(11, 31), slice(-16, None)])
def test_the_scanner_knows_any_part_of_a_secret(part: slice) -> None:
    secret = secrets.token_urlsafe(32)
    assert leaks({"rows": [("table", f"a={secret[part]}/b")]}, {secret}) == ["rows: table"]
