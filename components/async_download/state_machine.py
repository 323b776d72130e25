"""The definition of the state machine. Its state holds names and outcomes, never a URL or a ticket.

`Stored?` is where a file that is too large for one worker will branch off to be copied in slices.
"""

from typing import Any

from async_download.specs import FUNCTIONS

GRACE_SECONDS = 10  # a function's own time-out comes first and says more
MACHINE_SECONDS = 4 * 3600  # three full copies and what follows; a lost execution ends by itself
BUSY = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
]
EXECUTION = {"executionArn.$": "$$.Execution.Id"}


def definition(*, copy: str, deliver: str, fail: str) -> dict[str, Any]:
    """Copy -> Stored? -> Deliver; any failure -> TellFailure -> Failed. Arguments are the functions' ARNs."""
    return {
        "Comment": "Copies a file and tells who waits for it.",
        "StartAt": "Copy",
        "TimeoutSeconds": MACHINE_SECONDS,
        "States": {
            "Copy": _task("copy", copy, EXECUTION, then={"Next": "Stored?"}, caught="TellFailure"),
            "Stored?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.outcome", "StringEquals": "STORED", "Next": "Deliver"}],
                "Default": "TellFailure",
            },
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


def _task(key: str, arn: str, payload: dict[str, str], *, then: dict[str, Any], caught: str) -> dict[str, Any]:
    partition = arn.split(":")[1]
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": payload},
        "OutputPath": "$.Payload",
        "TimeoutSeconds": FUNCTIONS[key].timeout + GRACE_SECONDS,
        "Retry": [_retry(BUSY, seconds=1, attempts=6), _retry(["States.ALL"], seconds=1, attempts=2)],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": caught}],
        **then,
    }


def _retry(errors: list[str], *, seconds: int, attempts: int) -> dict[str, Any]:
    backoff = {"IntervalSeconds": seconds, "BackoffRate": 2, "MaxAttempts": attempts}
    return {"ErrorEquals": errors, **backoff, "MaxDelaySeconds": 30, "JitterStrategy": "FULL"}
