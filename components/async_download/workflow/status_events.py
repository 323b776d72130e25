"""Rules on the status events of both machines, for ends that the machines themselves do not handle.

Step Functions runs no Catch when an execution is stopped or times out. `fail` then ends the download of an execution
that copies; events of executions that close idle sockets go to the dead-letter queue, where an alarm shows them.
"""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download.functions.lambda_functions import permit_invocation
from async_download.resources import DEAD_LETTER_QUEUE, Resources
from async_download.scope import Scope
from async_download.statements import Statement, allow, document

SERVICE = "events.amazonaws.com"
UNCAUGHT = "uncaught"
CLOSE_FAILED = "close-failed"
COPY_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
CLOSE_STATUSES = ("FAILED", "TIMED_OUT")  # not ABORTED: an operator stopped the execution
EVENT_MAX_AGE_SECONDS = 3600
EVENT_RETRIES = 8
RETRY_POLICY: aws.cloudwatch.EventTargetRetryPolicyArgsDict = {
    "maximum_event_age_in_seconds": EVENT_MAX_AGE_SECONDS,
    "maximum_retry_attempts": EVENT_RETRIES,
}


def status_pattern(machine: str, statuses: Sequence[str]) -> dict[str, Any]:
    """Build the pattern of one machine's events of these statuses."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": list(statuses), "stateMachineArn": [machine]},
    }


def send_status_events(
    scope: Scope,
    resources: pulumi.Output[Resources],
    transfer: aws.sfn.StateMachine,
    idle_closer: aws.sfn.StateMachine,
    fail: aws.lambda_.Function,
    dead_letter_queue: aws.sqs.Queue,
) -> None:
    """Send the ends of executions that copy to `fail`, and those that could not close to the dead-letter queue."""
    uncaught = _rule(scope, UNCAUGHT, "Executions that failed, were stopped or took too long.", transfer, COPY_STATUSES)
    close_failed = _rule(
        scope, CLOSE_FAILED, "Executions that could not close idle sockets.", idle_closer, CLOSE_STATUSES
    )
    queue_policy = aws.sqs.QueuePolicy(
        scope.logical(f"{DEAD_LETTER_QUEUE}-policy"),
        queue_url=dead_letter_queue.url,
        policy=resources.apply(lambda resources: json.dumps(document([_send_events(resources)]))),
        opts=scope.options(),
    )
    permission = permit_invocation(scope, UNCAUGHT, fail, SERVICE, uncaught.arn)
    aws.cloudwatch.EventTarget(
        scope.logical(f"{UNCAUGHT}-target"),
        rule=uncaught.name,
        target_id="fail",
        arn=fail.arn,
        dead_letter_config={"arn": dead_letter_queue.arn},
        retry_policy=RETRY_POLICY,
        opts=scope.options(permission, queue_policy),
    )
    aws.cloudwatch.EventTarget(
        scope.logical(f"{CLOSE_FAILED}-target"),
        rule=close_failed.name,
        target_id="dead-letter-queue",
        arn=dead_letter_queue.arn,
        retry_policy=RETRY_POLICY,
        opts=scope.options(queue_policy),
    )


def _send_events(resources: Resources) -> Statement:
    """Allow both rules to send events to the dead-letter queue."""
    rules = [resources.rule(part).arn for part in (UNCAUGHT, CLOSE_FAILED)]
    return allow("FromRules", "sqs:SendMessage", resources.dead_letter_queue.arn) | {
        "Principal": {"Service": SERVICE},
        "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
    }


def _rule(
    scope: Scope, part: str, description: str, machine: aws.sfn.StateMachine, statuses: Sequence[str]
) -> aws.cloudwatch.EventRule:
    return aws.cloudwatch.EventRule(
        scope.logical(part),
        name=scope.physical(part),
        description=description,
        event_pattern=machine.arn.apply(lambda arn: json.dumps(status_pattern(arn, statuses))),
        state="ENABLED",
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True),
    )
