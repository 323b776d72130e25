"""Items of the last release without `schemaVersion`, read by each function of this release."""

from __future__ import annotations

import copy
import json
import secrets
import time
from typing import Any

import pytest

from integration_tests.support.settings import FILES
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for
from runtime.logic.requests import tickets
from runtime.models import Status, execution_arn_of, iso
from tests.runtime.support.unversioned_items import DOWNLOADS, STATUSES

Item = dict[str, Any]


def put(stack: Stack, name: str) -> Download:
    """Write a recorded item, as a download of this stack that was requested now, and return it as its client has it."""
    item, secret = copy.deepcopy(DOWNLOADS[name]["item"]), DOWNLOADS[name]["ticket"].partition(".")[2]
    download_id, now = secrets.token_hex(16), time.time()
    ticket = tickets.parse(f"{download_id}.{secret}")
    arn = execution_arn_of(stack.outputs["stateMachineArn"], download_id)
    item |= {"executionArn": {"S": arn}, "downloadId": {"S": download_id}, "origin": {"S": FILES}}
    item |= {"ticketHashes": {"L": [{"S": ticket.hash}]}, "expiresAt": {"N": str(int(now) + 3600)}}
    item |= {"createdAt": {"S": iso(now)}, "updatedAt": {"S": iso(now)}}
    if name == "preparing":
        item["nextRequestAt"] = {"S": iso(now + 600)}
    if name == "pending":
        item["path"] = {"S": unique_path("1MB")}
    item.pop("connectionIds", None)
    stack.cloud.client("dynamodb").put_item(TableName=stack.outputs["downloadsTableName"], Item=item)
    endpoint = f"{stack.outputs['webSocketUrl']}?ticket={download_id}.{secret}"
    return Download(download_id, arn, endpoint, f"{stack.outputs['apiUrl']}/downloads/{download_id}")


def invoke(stack: Stack, function: str, download: Download, **payload: object) -> Item:
    """Invoke a function as its state machine does, and return its result."""
    answer = stack.cloud.client("lambda").invoke(
        FunctionName=stack.operator.function_name(function),
        Payload=json.dumps({"executionArn": download.execution_arn, **payload}),
    )
    result: Item = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    return result


def status_of(stack: Stack, download: Download) -> str:
    return str(stack.operator.download_item(download)["status"])


@pytest.mark.parametrize("name", DOWNLOADS)
def test_the_status_of_a_former_item_is_answered(stack: Stack, name: str) -> None:
    answer = stack.client.status(put(stack, name))
    assert (answer.status, answer.body["status"]) == (200, STATUSES[name])
    assert ("url" in answer.body) == (name == "ready")


@pytest.mark.parametrize("name", ["pending", "copying", "preparing", "sliced"])
def test_a_former_item_is_cancelled(stack: Stack, name: str) -> None:
    download = put(stack, name)
    assert stack.client.cancel(download).status == 202
    wait_for(lambda: stack.operator.download_item(download), 20, until=lambda item: "uploadId" not in item)
    assert status_of(stack, download) == Status.CANCELLED


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_client_connects_to_a_former_item_asks_and_leaves(stack: Stack, name: str) -> None:
    """The item of the connection has no version either when the client asks, and when it leaves."""
    download, ends = put(stack, name), {"ready": "ready", "failed": "failed", "cancelled": "cancelled"}
    with stack.client.connect(download) as client:
        (connection_id,) = wait_for(lambda: stack.operator.connection_ids(download), 10)
        stack.cloud.client("dynamodb").update_item(
            TableName=stack.outputs["connectionsTableName"],
            Key={"connectionId": {"S": connection_id}},
            UpdateExpression="REMOVE schemaVersion",
        )
        client.ask("status", ends.get(name, "status"))
    wait_for(lambda: stack.operator.connection_ids(download), 20, until=is_absent)
    assert wait_for(lambda: stack.operator.connection_item(connection_id), 20, until=is_absent) == {}


def test_a_former_item_is_copied_and_delivered(stack: Stack) -> None:
    download = put(stack, "pending")
    assert invoke(stack, "copy", download)["outcome"] == "STORED"
    assert invoke(stack, "deliver", download).get("pushesGivenUp", 0) == 0
    assert status_of(stack, download) == Status.READY
    assert stack.client.fetch(stack.client.status(download).body["url"]).size == 1_000_000


def test_a_former_item_waits_for_its_origin(stack: Stack) -> None:
    outcome = invoke(stack, "copy", put(stack, "preparing"))
    assert outcome["outcome"] == "PREPARING"
    assert 0 < outcome["seconds"] <= 600


def test_slices_of_a_former_item_are_checked_and_planned_again(stack: Stack) -> None:
    """The upload was of another stack, so it is gone; its workers end, and the copy starts over once."""
    download = put(stack, "sliced")
    assert invoke(stack, "copy_slice", download, slice=0) == {}
    assert invoke(stack, "complete", download, slices=[0])["outcome"] == "RESTART"
    assert invoke(stack, "fail", download)["status"] == Status.FAILED


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_former_item_is_ended_by_fail(stack: Stack, name: str) -> None:
    download = put(stack, name)
    expected = STATUSES[name] if STATUSES[name].is_final else Status.FAILED
    assert invoke(stack, "fail", download)["status"] == expected == status_of(stack, download)
    assert "uploadId" not in stack.operator.download_item(download)


@pytest.mark.parametrize("name", ["ready", "failed", "cancelled"])
def test_idle_sockets_of_a_former_item_are_closed(stack: Stack, name: str) -> None:
    closed = stack.operator.close_idle(put(stack, name), "unknown=", since=time.time())
    assert closed["closed"] == 0


def test_a_repeated_request_finds_a_former_item(stack: Stack) -> None:
    """The item of its caller has no version either."""
    path, key = unique_path("1MB"), secrets.token_hex(16)
    first = stack.client.request(path, key=key)
    stack.operator.wait_until_ended(first)
    dynamodb, table = stack.cloud.client("dynamodb"), stack.outputs["downloadsTableName"]
    keys = [item["executionArn"] for item in stack.operator.scan(table) if "schemaVersion" in item]
    callers = [arn for arn in keys if arn["S"].startswith("caller:")]
    assert callers
    for arn in [*callers, {"S": first.execution_arn}]:
        dynamodb.update_item(TableName=table, Key={"executionArn": arn}, UpdateExpression="REMOVE schemaVersion")
    again = stack.client.request(path, key=key)
    assert again.id == first.id
    assert "schemaVersion" not in stack.operator.download_item(again)
