"""A ticket gives access to its download only."""

from __future__ import annotations

import itertools
import json
import secrets
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from integration_tests.support.pulumi_cli import TOP
from integration_tests.support.sockets import HandshakeRefusedError, Socket
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for

pytestmark = pytest.mark.security

REFUSALS = (401, 403)  # the emulator answers 403 in both cases
SLOW_START = "first_byte=1"
Attempt = Callable[[Download, Download], tuple[str, dict[str, str]]]

# Each function gets a download and another one whose ticket the attacker has; it returns query and headers.
ATTEMPTS: dict[str, Attempt] = {
    "no ticket": lambda _mine, _theirs: ("", {}),
    "an empty ticket": lambda _mine, _theirs: ("?ticket=", {}),
    "the ARN alone": lambda mine, _theirs: ("", {"X-StateMachine-ExecutionArn": mine.execution_arn}),
    "the id alone": lambda mine, _theirs: (f"?ticket={mine.id}", {}),
    "a wrong secret": lambda mine, _theirs: (f"?ticket={mine.id}.{'A' * 43}", {}),
    "a wrong secret in the header": lambda mine, _theirs: ("", {"X-Download-Ticket": f"{mine.id}.{'A' * 43}"}),
    "a foreign secret": lambda mine, theirs: (f"?ticket={mine.id}.{theirs.ticket.partition('.')[2]}", {}),
    "a foreign ticket with this ARN": lambda mine, theirs: (
        f"?ticket={theirs.ticket}",
        {"X-StateMachine-ExecutionArn": mine.execution_arn},
    ),
    "a secret cut short": lambda mine, _theirs: (f"?ticket={mine.ticket[:-1]}", {}),
    "a download that never was": lambda _mine, _theirs: (f"?ticket={'0' * 32}.{'A' * 43}", {}),
}


def refusal_status(url: str, headers: dict[str, str]) -> int | None:
    """Return the status of a refused handshake, None if it was accepted."""
    try:
        Socket(url, headers).close()
    except HandshakeRefusedError as refused:
        return refused.status
    return None


def test_a_wrong_ticket_is_refused_and_the_owner_gets_the_file(stack: Stack) -> None:
    mine, theirs = stack.client.request(unique_path("1MB", "first_byte=2")), stack.client.request(unique_path("1"))
    with stack.client.connect(mine) as owner:
        for name, attempt in ATTEMPTS.items():
            query, headers = attempt(mine, theirs)
            assert refusal_status(mine.socket_url + query, headers) in REFUSALS, name
        assert len(stack.operator.connection_ids(mine)) == 1
        assert stack.client.fetch(owner.receive("ready")["url"]).size == 1_000_000


def test_the_owner_connects_after_a_refused_ticket(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    with pytest.raises(HandshakeRefusedError):
        Socket(f"{download.socket_url}?ticket={download.id}.{'A' * 43}")
    with stack.client.connect(download) as owner:
        assert owner.receive("ready")["size"] == 1_000_000


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_rest_requires_the_ticket(stack: Stack, method: str) -> None:
    mine, theirs = stack.client.request(unique_path("1MB", SLOW_START)), stack.client.request(unique_path("1"))
    for ticket, status, code in (
        (None, 401, "TICKET_REQUIRED"),
        (f"{mine.id}.{'A' * 43}", 403, "TICKET_REFUSED"),
        (theirs.ticket, 403, "TICKET_REFUSED"),
        ("rubbish", 403, "TICKET_REFUSED"),
    ):
        headers = {"X-Download-Ticket": ticket} if ticket else {}
        answer = stack.client.rest.call(method, mine.status_url, headers=headers)
        assert (answer.status, answer.code) == (status, code), ticket
        assert not answer.body.keys() - {"error"}
    with stack.client.connect(mine) as owner:
        assert owner.receive("ready", "cancelled")["type"] == "ready"


def test_an_unknown_download_is_refused_like_a_wrong_ticket(stack: Stack) -> None:
    unknown_id, mine = "0" * 32, stack.client.request(unique_path("1"))
    absent = stack.client.rest.call(
        "GET", f"/downloads/{unknown_id}", headers={"X-Download-Ticket": f"{unknown_id}.{'A' * 43}"}
    )
    wrong = stack.client.rest.call("GET", mine.status_url, headers={"X-Download-Ticket": f"{mine.id}.{'A' * 43}"})
    assert (absent.status, absent.code) == (wrong.status, wrong.code) == (403, "TICKET_REFUSED")
    assert absent.body == wrong.body


def documented_revocation() -> dict[str, Any]:
    """Return the parameters of UpdateItem in the command of docs/deploying.md."""
    lines = (TOP / "docs/deploying.md").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    (command,) = (line for line in lines if line.startswith("aws dynamodb update-item"))
    words = shlex.split(command)
    options = dict(itertools.pairwise(words))
    return {
        "ConditionExpression": options["--condition-expression"],
        "UpdateExpression": options["--update-expression"],
        "ExpressionAttributeValues": json.loads(options["--expression-attribute-values"]),
    }


def test_a_revoked_ticket_is_refused(stack: Stack) -> None:
    """The command of docs/deploying.md revokes it; a repeated request gets a new ticket."""
    path, key = unique_path("1MB", "first_byte=2"), secrets.token_hex(16)
    download = stack.client.request(path, key=key)
    with stack.client.connect(download) as old_socket:
        wait_for(lambda: stack.operator.connection_ids(download), 5)
        stack.cloud.client("dynamodb").update_item(
            TableName=stack.outputs["downloadsTableName"],
            Key={"executionArn": {"S": download.execution_arn}},
            **documented_revocation(),
        )
        with pytest.raises(HandshakeRefusedError):
            stack.client.connect(download)
        assert (stack.client.status(download).code, stack.client.cancel(download).code) == (
            "TICKET_REFUSED",
            "TICKET_REFUSED",
        )
        assert old_socket.ask("refresh", "error", "ready")["error"]["code"] == "DOWNLOAD_NOT_FOUND"
        assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
        with stack.client.connect(stack.client.request(path, key=key)) as owner:
            assert stack.client.fetch(owner.receive("ready")["url"]).size == 1_000_000
        assert old_socket.ask("status", "error", "ready")["type"] == "error"
        assert "ready" not in old_socket.types()
