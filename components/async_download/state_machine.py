"""The definition of the state machine. Its state holds names, outcomes and the numbers of slices, never a URL."""

from typing import Any

from async_download.specs import FUNCTIONS

GRACE_SECONDS = 10  # a function's own time-out comes first and says more
HOUR_SECONDS = 3600
BUSY = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
]
THROTTLED = ["DynamoDb.ProvisionedThroughputExceededException", "DynamoDb.ThrottlingException"]
PUSHES_GIVEN_UP = "PushesGivenUpError"  # of the runtime
AWAIT_SECONDS = 900
EXECUTION = {"executionArn.$": "$$.Execution.Id"}
COPIED = EXECUTION | {"slices.$": "$.slices"}


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
) -> dict[str, Any]:
    """Copy -> Stored? -> Deliver; what is large: Stored? -> CopySlices -> Complete -> Stored? -> Deliver.

    What is larger than one Map carries is PLANNED again by Complete, batch after batch.
    Any failure -> TellFailure -> Failed. Arguments are the functions' ARNs, how many slices are copied
    at once, for how long a download is wanted, and the table of copies where they are reused:
    then, while another download copies the same file, Stored? -> AwaitCopy -> Copy.
    """
    return {
        "Comment": "Copies a file and tells who waits for it.",
        "StartAt": "Copy",
        "TimeoutSeconds": seconds,
        "States": {
            "Copy": _task("copy", copy, EXECUTION, then={"Next": "Stored?"}, caught="TellFailure"),
            "Stored?": {
                "Type": "Choice",
                "Choices": [
                    _outcome("STORED", "Deliver"),
                    _outcome("PLANNED", "CopySlices"),
                    _outcome("RESTART", "Copy"),
                    *([_outcome("WAIT", "AwaitCopy")] if copies else []),
                ],
                "Default": "TellFailure",
            },
            **({"AwaitCopy": _await_copy(copies, copy)} if copies else {}),
            "CopySlices": _slices(copy_slice, concurrency),
            "Complete": _task("complete", complete, COPIED, then={"Next": "Stored?"}, caught="TellFailure"),
            "Deliver": _deliver(deliver),
            "NobodyReached": {"Type": "Succeed"},
            "TellFailure": _task(
                "fail", fail, EXECUTION | {"error.$": "$.error"}, then={"Next": "Failed"}, caught="Failed"
            ),
            "Failed": {
                "Type": "Fail",
                "Error": "DownloadFailed",
                "Cause": "The Downloads row of this execution says why.",
            },
        },
    }


def closing(*, close: str, seconds: int) -> dict[str, Any]:
    """Wait, which costs nothing, then close whoever is idle; whoever is not gets an execution of his own."""
    payload = {f"{name}.$": f"$.{name}" for name in ("executionArn", "connectionIds", "since")}
    return {
        "Comment": "Closes the sockets that were told the end, when they are idle.",
        "StartAt": "Wait",
        "TimeoutSeconds": HOUR_SECONDS,
        "States": {
            "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "Close"},
            "Close": _task("close", close, payload, then={"End": True}),
        },
    }


def _outcome(outcome: str, then: str) -> dict[str, str]:
    return {"Variable": "$.outcome", "StringEquals": outcome, "Next": then}


def _await_copy(table: str, beside: str) -> dict[str, Any]:
    """Leave a task token in the claim of the download that copies; its end calls back. Then look again.

    So does a claim that has ended meanwhile, and, should a call be lost, a time-out.
    """
    token = {"L": [{"S.$": "$$.Task.Token"}]}
    return {
        "Type": "Task",
        "Resource": f"arn:{beside.split(':')[1]}:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken",
        "Parameters": {
            "TableName": table,
            "Key": {"fileId": {"S.$": "$.fileId"}},
            "UpdateExpression": "SET #waiting = list_append(if_not_exists(#waiting, :nobody), :token)",
            "ConditionExpression": "attribute_exists(#leader) AND attribute_not_exists(#finished)",
            "ExpressionAttributeNames": {f"#{name}": name for name in ("waiting", "leader", "finished")},
            "ExpressionAttributeValues": {":token": token, ":nobody": {"L": []}},
        },
        "TimeoutSeconds": AWAIT_SECONDS,
        "Retry": [_retry(THROTTLED, seconds=1, attempts=6)],
        "Catch": [
            {"ErrorEquals": ["DynamoDb.ConditionalCheckFailedException", "States.Timeout"], "Next": "Copy"},
            *_catch("TellFailure"),
        ],
        "Next": "Copy",
    }


def _slices(arn: str, concurrency: int) -> dict[str, Any]:
    """A child for each slice. One that fails fails all; tried again, all use the parts that are there."""
    payload = {"executionArn.$": "$.executionArn", "slice.$": "$.slice"}
    child = _task("copy_slice", arn, payload, then={"End": True}, attempts=1)
    return {
        "Type": "Map",
        "Label": "CopySlices",
        "ItemsPath": "$.slices",
        "ItemSelector": EXECUTION | {"slice.$": "$$.Map.Item.Value"},
        "MaxConcurrency": concurrency,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "CopySlice",
            "States": {"CopySlice": child},
        },
        "ResultPath": None,
        "Retry": [_retry(["States.ALL"], seconds=5, attempts=2)],
        "Catch": _catch("TellFailure"),
        "Next": "Complete",
    }


def _task(
    key: str,
    arn: str,
    payload: dict[str, str],
    *,
    then: dict[str, Any],
    caught: str | None = None,
    attempts: int = 2,
) -> dict[str, Any]:
    partition = arn.split(":")[1]
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": payload},
        "OutputPath": "$.Payload",
        "TimeoutSeconds": FUNCTIONS[key].timeout + GRACE_SECONDS,
        "Retry": [_retry(BUSY, seconds=1, attempts=6), _retry(["States.ALL"], seconds=1, attempts=attempts)],
        **({"Catch": _catch(caught)} if caught else {}),
        **then,
    }


def _deliver(arn: str) -> dict[str, Any]:
    """Deliver, again for about a minute while API Gateway throttles every push.

    A download whose clients could not be reached stays a success: they ask for it, or connect again.
    """
    task = _task("deliver", arn, EXECUTION, then={"End": True}, caught="TellFailure")
    task["Retry"].insert(-1, _retry([PUSHES_GIVEN_UP], seconds=10, attempts=3))
    task["Catch"].insert(0, {"ErrorEquals": [PUSHES_GIVEN_UP], "ResultPath": None, "Next": "NobodyReached"})
    return task


def _catch(then: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": then}]


def _retry(errors: list[str], *, seconds: int, attempts: int) -> dict[str, Any]:
    backoff = {"IntervalSeconds": seconds, "BackoffRate": 2, "MaxAttempts": attempts}
    return {"ErrorEquals": errors, **backoff, "MaxDelaySeconds": 30, "JitterStrategy": "FULL"}
