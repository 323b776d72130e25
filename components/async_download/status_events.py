"""Rules on the status events of both machines, for ends that the machines themselves do not handle.

Step Functions runs no Catch when an execution is stopped or takes too long. An execution that copies is then settled by
`fail`; one that closes idle sockets goes to the dead-letter queue, where an alarm shows it.
"""

import json
from collections.abc import Sequence
from typing import Any

import pulumi_aws as aws

from async_download import service_policies
from async_download.functions import permit
from async_download.scope import Scope, policy

COPY_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
CLOSE_STATUSES = ("FAILED", "TIMED_OUT")  # an execution that an operator stops needs nobody's attention
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
    copying: aws.sfn.StateMachine,
    closing: aws.sfn.StateMachine,
    fail: aws.lambda_.Function,
    undelivered: aws.sqs.Queue,
) -> None:
    """Send the ends of executions that copy to `fail`, and those that could not close to the dead-letter queue."""
    uncaught = _rule(
        scope, "uncaught", "Executions that failed, were stopped or took too long.", copying, COPY_STATUSES
    )
    failed = _rule(scope, "close-failed", "Executions that could not close idle sockets.", closing, CLOSE_STATUSES)
    queue_policy = aws.sqs.QueuePolicy(
        scope.logical("undelivered-policy"),
        queue_url=undelivered.url,
        policy=policy(service_policies.queue, undelivered=undelivered.arn, rules=[uncaught.arn, failed.arn]),
        opts=scope.child(),
    )
    permission = permit(scope, "uncaught", fail, "events.amazonaws.com", uncaught.arn)
    aws.cloudwatch.EventTarget(
        scope.logical("uncaught-target"),
        rule=uncaught.name,
        target_id="fail",
        arn=fail.arn,
        dead_letter_config={"arn": undelivered.arn},
        retry_policy=RETRY_POLICY,
        opts=scope.child(permission, queue_policy),
    )
    aws.cloudwatch.EventTarget(
        scope.logical("close-failed-target"),
        rule=failed.name,
        target_id="dead-letter-queue",
        arn=undelivered.arn,
        retry_policy=RETRY_POLICY,
        opts=scope.child(queue_policy),
    )


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
        opts=scope.named(),
    )
