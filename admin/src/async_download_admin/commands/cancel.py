"""`cancel`: cancels a download, as a client with its ticket does."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from async_download_admin.commands import Result
from async_download_admin.errors import AwsCallError, DownloadError
from async_download_admin.items import download_item, iso
from async_download_admin.stack import Stack

_PREPARATION = ("preparingAnswers", "nextRequestAt", "nextRequestTarget")
_STATUSES = ("PENDING", "COPYING", "PREPARING")


def cancel(stack: Stack, download: str) -> Result:
    """Write the item, which stops the workers, then stop the execution and start `fail`, which notifies and cleans up.

    A second call does no harm, and continues what an interrupted one left undone.

    Raises:
        DownloadError: there is no such download, or it is READY or FAILED.
    """
    arn = stack.execution_arn(download)
    download_id = stack.download_id(arn)
    content = {"downloadId": download_id, "executionArn": arn, "status": "CANCELLED"}
    if not _mark(stack, arn):
        item = download_item(stack, arn)
        if not item:
            raise DownloadError(f"There is no item of {download_id}: it expired, or never existed.", "NOT_FOUND")
        if item.get("status") != "CANCELLED":
            raise DownloadError(f"{download_id} has ended: it is {item.get('status')}.", "DOWNLOAD_FINISHED")
        if "notifiedAt" in item:
            return Result(content, f"{download_id} was cancelled before.")
    try:
        stack.call("stepfunctions", "StopExecution", executionArn=arn, error="STOPPED")
    except AwsCallError as error:
        if error.aws_code != "ExecutionDoesNotExist":
            raise
    payload = json.dumps({"executionArn": arn}).encode()
    name = stack.outputs.function_names["fail"]
    stack.call("lambda", "Invoke", FunctionName=name, InvocationType="Event", Payload=payload)
    return Result(content, f"Cancelled {download_id}; `fail` notifies its clients and removes what was copied.")


def _mark(stack: Stack, arn: str) -> bool:
    """Mark the item CANCELLED; return False if the download has ended, or has no item."""
    names = ("status", "updatedAt", *_PREPARATION)
    values = {":status": {"S": "CANCELLED"}, ":updatedAt": {"S": iso(datetime.now(UTC))}}
    values |= {f":status{number}": {"S": status} for number, status in enumerate(_STATUSES, 2)}
    try:
        stack.call(
            "dynamodb",
            "UpdateItem",
            TableName=stack.outputs.downloads_table_name,
            Key={"executionArn": {"S": arn}},
            UpdateExpression="SET #status = :status, #updatedAt = :updatedAt REMOVE "
            + ", ".join(f"#{name}" for name in _PREPARATION),
            ConditionExpression="#status IN (:status2, :status3, :status4)",
            ExpressionAttributeNames={f"#{name}": name for name in names},
            ExpressionAttributeValues=values,
        )
    except AwsCallError as error:
        if error.aws_code == "ConditionalCheckFailedException":
            return False
        raise
    return True
