"""Journeys with a failure that the test causes itself: a lost event, an expired item, a vanished client, a dead worker.

They need permissions that no other journey needs.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from integration_tests.support.journeys.basic import SHORT_WAIT, SLICED
from integration_tests.support.journeys.journey import journey
from integration_tests.support.policies import end_workers
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

ATTEMPTS = 5


@journey("request_download")
def repeat_idempotency_key_after_lost_item(stack: Stack, timeout: float) -> None:
    """The execution has ended and its item is lost, so that a new download is made."""
    key, path = secrets.token_hex(16), unique_path("1")
    lost = stack.client.request(path, key=key)
    assert stack.operator.wait_until_ended(lost) == "SUCCEEDED"
    _delete_item(stack, lost)
    download = stack.client.request(path, key=key)
    assert download.id != lost.id
    stack.client.receive_ready(download, timeout)


@journey("get_download", "fail")
def poll_after_lost_execution(stack: Stack, timeout: float) -> None:
    """The execution died without a status event: the download becomes FAILED, and its copy is deleted."""
    download = _abandoned_download(stack)
    answer = stack.client.status(download)
    assert (answer.status, answer.body.get("status")) == (200, "FAILED")
    wait_for(lambda: stack.operator.has_object(download), timeout, until=is_absent)


@journey("message", "fail")
def ask_status_after_lost_execution(stack: Stack, timeout: float) -> None:
    """The execution died without a status event: the socket gets `failed`, and the copy is deleted."""
    download = _abandoned_download(stack)
    with stack.client.connect(download) as socket:
        assert socket.ask("status", "failed", "status", deadline=timeout)["type"] == "failed"
    wait_for(lambda: stack.operator.has_object(download), timeout, until=is_absent)


@journey("deliver")
def vanish_before_ready(stack: Stack, timeout: float) -> None:
    """The client vanished without `$disconnect`: `deliver` gets 410 and removes the connection from both tables."""
    download = stack.client.request(unique_path("1", SHORT_WAIT))
    _wait_until_removed(stack, download, _put_vanished_connection(stack, download), timeout)


@journey("fail")
def vanish_before_failed(stack: Stack, timeout: float) -> None:
    """The client vanished without `$disconnect`: `fail` gets 410 and removes the connection from both tables."""
    download = stack.client.request(unique_path("1", f"{SHORT_WAIT}&status=404"))
    _wait_until_removed(stack, download, _put_vanished_connection(stack, download), timeout)


@journey("close")
def close_connection_without_item(stack: Stack, _timeout: float) -> None:
    """The item of the connection is lost, and the download still lists its id: `close` removes the id."""
    download = stack.client.request(unique_path("1"))
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    connection_id = _put_vanished_connection(stack, download)
    stack.cloud.client("dynamodb").delete_item(
        TableName=stack.outputs["connectionsTableName"], Key={"connectionId": {"S": connection_id}}
    )
    closed = stack.operator.close_idle(download, connection_id, since=time.time())
    assert closed == {"closed": 0, "gone": 1, "inUse": 0}
    assert stack.operator.connection_ids(download) == set()


@journey("complete", "fail")
def complete_over_another_object(stack: Stack, _timeout: float) -> None:
    """Another object has the key of the sliced copy: it stays, and the download fails with STORAGE_ERROR."""
    download = stack.client.request(unique_path(SLICED, "rate=6000000"))
    wait_for(lambda: stack.operator.uploads(download), 10)
    key = {"Bucket": stack.operator.bucket, "Key": stack.operator.object_key(download)}
    stack.cloud.client("s3").put_object(**key, Body=b"of another writer")
    assert stack.operator.wait_until_ended(download) == "FAILED"
    assert stack.operator.download_item(download)["failure"]["code"] == "STORAGE_ERROR"
    assert stack.operator.has_object(download)
    stack.cloud.client("s3").delete_object(**key)


@journey("copy")
def expire_during_copy(stack: Stack, timeout: float) -> None:
    """The download's item expires while the origin is slow: the copy that came too late is deleted.

    The worker reads the item again only when bytes arrive, so the file is empty. Its SHA-256 keeps the copy from being
    shared.
    """
    path = unique_path("0", "first_byte=1&ranges=no")
    download = stack.client.request(path, sha256=hashlib.sha256().hexdigest())
    wait_for(
        lambda: any(request.path == f"/{path}" for request in stack.origin_requests), 10
    )  # the item is read by then
    _delete_item(stack, download)
    assert stack.operator.wait_until_ended(download) == "FAILED"
    wait_for(lambda: stack.operator.has_object(download), timeout, until=is_absent)


@journey("complete")
def expire_during_completion(stack: Stack, timeout: float) -> None:
    """The download's item expires while slices are completed: the object that came too late is deleted."""
    for _ in range(ATTEMPTS):
        download = stack.client.request(unique_path(SLICED))
        if _delete_item_during_completion(stack, download):
            assert stack.operator.wait_until_ended(download) == "FAILED"
            wait_for(lambda: stack.operator.has_object(download), timeout, until=is_absent)  # noqa: B023 - called here
            return
    raise AssertionError("The item was never deleted at the right moment.")


@journey("fail")
def stop_execution_and_worker(stack: Stack, timeout: float) -> None:
    """The execution is stopped and its worker dies: `fail` aborts the unfinished upload."""
    download = stack.client.request(unique_path("60MB", "rate=12000000"))
    wait_for(lambda: stack.operator.uploads(download), 10)
    stack.cloud.client("stepfunctions").stop_execution(executionArn=download.execution_arn)
    end_workers(stack, "copy")
    wait_for(lambda: stack.operator.uploads(download), timeout, until=is_absent)


@journey("cancel_download", "fail")
def cancel_sliced_copy(stack: Stack, timeout: float) -> None:
    """The upload is aborted, and its id is removed from the download's item."""
    download = stack.client.request(unique_path(SLICED, "rate=6000000"))
    wait_for(lambda: stack.operator.has_entered(download, "CopySlices"), 10)  # the worker of `Copy` has ended
    assert stack.client.cancel(download).status == 202
    wait_for(lambda: stack.operator.uploads(download), timeout + 3, until=is_absent)
    wait_for(lambda: "uploadId" in stack.operator.download_item(download), timeout + 3, until=is_absent)


def _abandoned_download(stack: Stack) -> Download:
    """Return a download whose item has had the status COPYING for ten minutes, and whose execution has ended."""
    download = stack.client.request(unique_path("1"))
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    before = (datetime.now(UTC) - timedelta(minutes=10)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    stack.cloud.client("dynamodb").update_item(
        TableName=stack.outputs["downloadsTableName"],
        Key={"executionArn": {"S": download.execution_arn}},
        UpdateExpression="SET #status = :copying, updatedAt = :before",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":copying": {"S": "COPYING"}, ":before": {"S": before}},
    )
    return download


def _put_vanished_connection(stack: Stack, download: Download) -> str:
    """Return the id of a connection that is in both tables and has no socket."""
    connection_id = f"gone-{secrets.token_hex(6)}"
    stack.operator.put_connection(download, connection_id)
    return connection_id


def _wait_until_removed(stack: Stack, download: Download, connection_id: str, timeout: float) -> None:
    stack.operator.wait_until_ended(download)
    wait_for(lambda: stack.operator.connection_item(connection_id), timeout, until=is_absent)
    wait_for(lambda: stack.operator.connection_ids(download), timeout, until=is_absent)


def _delete_item(stack: Stack, download: Download, condition: str = "attribute_exists(executionArn)") -> None:
    stack.cloud.client("dynamodb").delete_item(
        TableName=stack.outputs["downloadsTableName"],
        Key={"executionArn": {"S": download.execution_arn}},
        ConditionExpression=condition,
    )


def _delete_item_during_completion(stack: Stack, download: Download) -> bool:
    """Delete the item as soon as it holds the digest of the object; return False when the copy ended before."""
    while stack.operator.execution_status(download) == "RUNNING":
        try:
            _delete_item(stack, download, "attribute_exists(digest)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            return True
    return False
