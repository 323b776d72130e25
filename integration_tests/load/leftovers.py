"""Finds out what a run has left: what costs money or blocks a caller, and what AWS removes by itself.

A function that is killed behind its write cannot undo it. Such remains are removed at no cost, by AWS or a later call:

- the item of a connection whose `$connect` was killed, and its id in the item of the download: TTL, 130 minutes later;
- an upload whose id was lost with the response to CreateMultipartUpload: it has no parts that S3 would charge for, and
  the bucket's lifecycle rule removes it after 7 days;
- the item of a request that was never accepted, because its execution could not be started: TTL. Its id among the
  running ones of its caller is removed when the caller reaches the limit.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from integration_tests.load import schedule
from integration_tests.support.stack import Stack

MAX_CONNECTION_SECONDS = 130 * 60
Names = dict[str, list[str]]


@dataclass(frozen=True)
class Leftovers:
    """Kind -> names of what is left for good (`kept`), and of what AWS removes (`expiring`)."""

    kept: Names
    expiring: Names


def find_leftovers(stack: Stack) -> Names:
    """Return connections, uploads, executions, running ids of callers and dead letters that are there now."""
    items = stack.operator.scan(stack.outputs["downloadsTableName"])
    running = [name for item in items if "status" not in item for name in item.get("running", {}).get("SS", ())]
    names = {**stack.operator.leftovers(), "running ids": running, "dead letters": _dead_letters(stack)}
    return {kind: values for kind, values in names.items() if values}


def classify(stack: Stack, names: Names, faults: Sequence[Mapping[str, Any]]) -> Leftovers:
    """Divide the leftovers; `faults` are the injected ones."""
    expiring: Names = {
        "connections": [name for name in names.get("connections", ()) if _expires(stack, name)],
        "unfinished uploads": [key for key in names.get("unfinished uploads", ()) if _is_empty(stack, key, faults)],
    }
    expiring["running ids"] = [name for name in names.get("running ids", ()) if was_never_started(stack, name)]
    gone = set(expiring["connections"])
    expiring["connection ids"] = [arn for arn in names.get("connection ids", ()) if _ids(stack, arn) <= gone]
    kept = {kind: [name for name in values if name not in expiring.get(kind, ())] for kind, values in names.items()}
    return Leftovers(*({kind: values for kind, values in each.items() if values} for each in (kept, expiring)))


def was_never_started(stack: Stack, download_id: str) -> bool:
    """Return whether a download has no execution, because its request was not accepted."""
    arn = str(stack.outputs["stateMachineArn"]).replace(":stateMachine:", ":execution:")
    try:
        stack.cloud.client("stepfunctions").describe_execution(executionArn=f"{arn}:{download_id}")
    except ClientError as error:
        return str(error.response["Error"]["Code"]) == "ExecutionDoesNotExist"
    return False


def _expires(stack: Stack, connection_id: str) -> bool:
    """Return whether no socket belongs to the item of a connection, and its TTL is set."""
    item = stack.operator.connection_item(connection_id)
    if not item:
        return True
    management_url = str(stack.outputs["webSocketUrl"]).replace("ws", "http", 1)
    client = stack.cloud.client("apigatewaymanagementapi", management_url)
    try:
        client.get_connection(ConnectionId=connection_id)
    except ClientError as error:
        is_gone = error.response["ResponseMetadata"]["HTTPStatusCode"] == 410
        return is_gone and int(item["expiresAt"]) <= time.time() + MAX_CONNECTION_SECONDS
    return False


def _ids(stack: Stack, execution_arn: str) -> set[str]:
    item = stack.cloud.client("dynamodb").get_item(
        TableName=stack.outputs["downloadsTableName"], Key={"executionArn": {"S": execution_arn}}, ConsistentRead=True
    )["Item"]
    return set(item.get("connectionIds", {}).get("SS", ()))


def _is_empty(stack: Stack, key: str, faults: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the uploads of an object have no parts, and no more of them exist than responses were lost."""
    s3, bucket = stack.cloud.client("s3"), stack.operator.bucket
    uploads = s3.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", ())
    parts = [s3.list_parts(Bucket=bucket, Key=key, UploadId=each["UploadId"]).get("Parts") for each in uploads]
    lost = (schedule.STORE_RESPONSE_LOST, schedule.KILL)
    hits = [fault for fault in faults if fault["download"] == key.rpartition("/")[2] and fault["fault"] in lost]
    return not any(parts) and len(uploads) <= len(hits)


def _dead_letters(stack: Stack) -> list[str]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stack.cloud.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["deadLetterQueueUrl"], AttributeNames=names
    )["Attributes"]
    count = sum(int(attributes[name]) for name in names)
    return [f"{count} messages"] if count else []
