"""The definition of the state machine. Its state holds names, outcomes and the numbers of slices, never a URL."""

from typing import Any

from async_download.specs import FUNCTIONS

GRACE_SECONDS = 10  # a function's own time-out comes first and says more
BUSY = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
]
EXECUTION = {"executionArn.$": "$$.Execution.Id"}


def definition(
    *, copy: str, copy_slice: str, complete: str, deliver: str, fail: str, concurrency: int, seconds: int
) -> dict[str, Any]:
    """Copy -> Stored? -> Deliver; what is large: Stored? -> CopySlices -> Complete -> Stored? -> Deliver.

    Any failure -> TellFailure -> Failed. Arguments are the functions' ARNs, how many slices are copied
    at once, and for how long a download is wanted.
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
                ],
                "Default": "TellFailure",
            },
            "CopySlices": _slices(copy_slice, concurrency),
            "Complete": _task("complete", complete, EXECUTION, then={"Next": "Stored?"}, caught="TellFailure"),
            "Deliver": _task("deliver", deliver, EXECUTION, then={"End": True}, caught="TellFailure"),
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


def _outcome(outcome: str, then: str) -> dict[str, str]:
    return {"Variable": "$.outcome", "StringEquals": outcome, "Next": then}


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


def _catch(then: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": then}]


def _retry(errors: list[str], *, seconds: int, attempts: int) -> dict[str, Any]:
    backoff = {"IntervalSeconds": seconds, "BackoffRate": 2, "MaxAttempts": attempts}
    return {"ErrorEquals": errors, **backoff, "MaxDelaySeconds": 30, "JitterStrategy": "FULL"}
