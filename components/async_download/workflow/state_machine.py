"""Definitions of the state machines. Their state holds names, outcomes and numbers of slices, never a URL."""

from typing import Any

from async_download.functions import FUNCTIONS
from async_download.names import FunctionName
from async_download.settings.cloud import ExecutionType
from async_download.workflow import retry_rules
from async_download.workflow.retry_rules import Rule

GRACE_SECONDS = 10  # the function's own time-out comes first: its error says more
CLOSING_SECONDS = 7200  # API Gateway ends every socket after two hours
TABLE_THROTTLED = ["DynamoDb.ProvisionedThroughputExceededException", "DynamoDb.ThrottlingException"]
PUSHES_GIVEN_UP = "PushesGivenUpError"  # of the runtime
AWAIT_SECONDS = 900
CAPACITY_SECONDS = 60
EXECUTION = {"executionArn.$": "$$.Execution.Id"}
COPIED = EXECUTION | {"slices.$": "$.slices", "results.$": "$.results"}


def definition(
    *,
    copy: str,
    copy_slice: str,
    complete: str,
    deliver: str,
    fail: str,
    concurrency: int,
    seconds: int,
    copies: str | None = None,
    children: str = ExecutionType.EXPRESS,
) -> dict[str, Any]:
    """Return the definition of the machine that copies and delivers.

    Copy -> Stored? -> Deliver; for a large file Stored? -> CopySlices -> Complete -> Stored? -> Deliver. A file with
    more slices than one Map takes is PLANNED again by Complete, batch after batch. Slices whose function was throttled
    are THROTTLED: Stored? -> AwaitCapacity -> CopySlices. While the origin is PREPARING the file, or is overloaded:
    Stored? -> AwaitOrigin -> Copy. Any failure -> NotifyFailure -> Failed.

    Args are the ARNs of the functions, the number of slices that are copied at once (`concurrency`), the time-out of a
    download (`seconds`), the name of the table of copies where they are reused (`copies`), and the `ExecutionType` of
    executions that copy slices (`children`). While another download copies the same file: Stored? -> AwaitCopy -> Copy.
    """
    return {
        "Comment": "Copies a file and notifies its clients.",
        "StartAt": "Copy",
        "TimeoutSeconds": seconds,
        "States": {
            "Copy": _task("copy", copy, EXECUTION, then={"Next": "Stored?"}, caught="NotifyFailure"),
            "Stored?": {
                "Type": "Choice",
                "Choices": [
                    _outcome("STORED", "Deliver"),
                    _outcome("PLANNED", "CopySlices"),
                    _outcome("THROTTLED", "AwaitCapacity"),
                    _outcome("RESTART", "Copy"),
                    _outcome("PREPARING", "AwaitOrigin"),
                    *([_outcome("WAIT", "AwaitCopy")] if copies else []),
                ],
                "Default": "NotifyFailure",
            },
            **({"AwaitCopy": _await_copy(copies, copy)} if copies else {}),
            "CopySlices": _slices(copy_slice, concurrency, children),
            "AwaitCapacity": {"Type": "Wait", "Seconds": CAPACITY_SECONDS, "Next": "CopySlices"},
            "AwaitOrigin": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Copy"},
            "Complete": _task("complete", complete, COPIED, then={"Next": "Stored?"}, caught="NotifyFailure"),
            "Deliver": _deliver(deliver),
            "NoClientReached": {"Type": "Succeed"},
            "NotifyFailure": _task(
                "fail", fail, EXECUTION | {"error.$": "$.error"}, then={"Next": "Failed"}, caught="Failed"
            ),
            "Failed": {
                "Type": "Fail",
                "Error": "DownloadFailed",
                "Cause": "The item of this execution in the Downloads table holds the error.",
            },
        },
    }


def idle_closer(*, close: str, seconds: int) -> dict[str, Any]:
    """Return the definition of the machine that waits, which costs nothing, and then closes idle sockets."""
    payload = {f"{name}.$": f"$.{name}" for name in ("executionArn", "connectionIds", "since")}
    return {
        "Comment": "Closes idle sockets of a download that has ended.",
        "StartAt": "Wait",
        "TimeoutSeconds": CLOSING_SECONDS,
        "States": {
            "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "Close"},
            "Close": _task("close", close, payload, then={"End": True}),
        },
    }


def _outcome(outcome: str, then: str) -> dict[str, str]:
    return {"Variable": "$.outcome", "StringEquals": outcome, "Next": then}


def _await_copy(table: str, function_arn: str) -> dict[str, Any]:
    """Write a task token to the claim of the download that copies, wait until its end calls back, then copy again.

    A claim that has ended already, or a call back that is lost (a time-out), leads to Copy too.
    """
    token = {"L": [{"S.$": "$$.Task.Token"}]}
    return {
        "Type": "Task",
        "Resource": f"arn:{function_arn.split(':')[1]}:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken",
        "Parameters": {
            "TableName": table,
            "Key": {"fileId": {"S.$": "$.fileId"}},
            "UpdateExpression": "SET #waiting = list_append(if_not_exists(#waiting, :empty), :token)",
            "ConditionExpression": "attribute_exists(#leader) AND attribute_not_exists(#finished)",
            "ExpressionAttributeNames": {f"#{name}": name for name in ("waiting", "leader", "finished")},
            "ExpressionAttributeValues": {":token": token, ":empty": {"L": []}},
        },
        "TimeoutSeconds": AWAIT_SECONDS,
        "Retry": [retry_rules.retry(TABLE_THROTTLED, seconds=1, attempts=6)],
        "Catch": [
            {"ErrorEquals": ["DynamoDb.ConditionalCheckFailedException", "States.Timeout"], "Next": "Copy"},
            *_catch("NotifyFailure"),
        ],
        "Next": "Copy",
    }


def _slices(arn: str, concurrency: int, children: str) -> dict[str, Any]:
    """Run a child execution for each slice. A failed child fails the Map; its retry uses the parts that are stored.

    A child whose function stays throttled succeeds and returns its slice, since a failed child would fail the Map.
    """
    payload = {"executionArn.$": "$.executionArn", "slice.$": "$.slice"}
    throttled = (
        retry_rules.throttled_in_express() if children == ExecutionType.EXPRESS else retry_rules.throttled_in_standard()
    )
    child = _task("copy_slice", arn, payload, then={"End": True}, attempts=1, throttled=throttled)
    child["Catch"] = [{"ErrorEquals": [retry_rules.THROTTLED], "ResultPath": None, "Next": "Throttled"}]
    return {
        "Type": "Map",
        "Label": "CopySlices",
        "ItemsPath": "$.slices",
        "ItemSelector": EXECUTION | {"slice.$": "$$.Map.Item.Value"},
        "MaxConcurrency": concurrency,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": children},
            "StartAt": "CopySlice",
            "States": {
                "CopySlice": child,
                "Throttled": {"Type": "Pass", "Parameters": {"slice.$": "$.slice"}, "End": True},
            },
        },
        "ResultPath": "$.results",
        "Retry": [retry_rules.retry(["States.ALL"], seconds=5, attempts=2)],
        "Catch": _catch("NotifyFailure"),
        "Next": "Complete",
    }


def _task(
    function: FunctionName,
    arn: str,
    payload: dict[str, str],
    *,
    then: dict[str, Any],
    caught: str | None = None,
    attempts: int = 2,
    throttled: Rule | None = None,
) -> dict[str, Any]:
    partition = arn.split(":")[1]
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": payload},
        "OutputPath": "$.Payload",
        "TimeoutSeconds": FUNCTIONS[function].timeout_seconds + GRACE_SECONDS,
        "Retry": retry_rules.of_task(throttled or retry_rules.throttled_in_standard(), attempts=attempts),
        **({"Catch": _catch(caught)} if caught else {}),
        **then,
    }


def _deliver(arn: str) -> dict[str, Any]:
    """Deliver, and retry for about a minute while API Gateway throttles every message.

    A download whose clients could not be reached still succeeds: they ask for its status, or connect again.
    """
    task = _task("deliver", arn, EXECUTION, then={"End": True}, caught="NotifyFailure")
    task["Retry"].insert(-1, retry_rules.retry([PUSHES_GIVEN_UP], seconds=10, attempts=3))
    task["Catch"].insert(0, {"ErrorEquals": [PUSHES_GIVEN_UP], "ResultPath": None, "Next": "NoClientReached"})
    return task


def _catch(then: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": then}]
