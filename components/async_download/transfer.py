"""The state machine, and the rule that notices the ends it cannot catch itself."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import names, service_policies, state_machine
from async_download.functions import Functions, key_of, permit, with_key
from async_download.observability import log_group
from async_download.scope import Scope, policy

WORKERS = ("copy", "copy_slice", "complete", "deliver", "fail")
UNCAUGHT = ("FAILED", "TIMED_OUT", "ABORTED")
EVENT_MAX_AGE_SECONDS = 3600
EVENT_RETRIES = 8


class Transfer:
    """Copies, in slices when a file is large, then tells; ends that run no Catch reach `fail` through EventBridge."""

    def __init__(
        self, scope: Scope, functions: Functions, undelivered: aws.sqs.Queue, copies: aws.dynamodb.Table | None
    ) -> None:
        arns = {key: functions[key].arn for key in WORKERS}
        self.machine = _machine(scope, arns, copies)
        _watch(scope, self.machine, functions["fail"], undelivered)


def uncaught_pattern(machine: str) -> dict[str, Any]:
    """Events of one machine whose executions did not succeed."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": list(UNCAUGHT), "stateMachineArn": [machine]},
    }


def _machine(
    scope: Scope, arns: Mapping[str, pulumi.Output[str]], copies: aws.dynamodb.Table | None
) -> aws.sfn.StateMachine:
    settings, name = scope.settings, scope.physical("transfer")
    group = log_group(scope, "transfer", "/aws/vendedlogs/states")
    role = aws.iam.Role(
        scope.logical("transfer-role"),
        name=scope.physical("transfer"),
        description="Runs the state machine of the downloads.",
        assume_role_policy=json.dumps(service_policies.trust("states.amazonaws.com")),
        tags=scope.tags,
        opts=scope.named(),
    )
    rights = aws.iam.RolePolicy(
        scope.logical("transfer-policy"),
        name="transfer",
        role=role.name,
        policy=policy(
            with_key(service_policies.state_machine),
            functions=list(arns.values()),
            machine=arns["copy"].apply(lambda arn: names.machine_arn(arn, name)),
            tracing=settings.tracing,
            copies=copies.arn if copies else None,
            **key_of(scope),
        ),
        opts=scope.child(),
    )
    return aws.sfn.StateMachine(
        scope.logical("transfer"),
        name=name,
        type="STANDARD",
        definition=pulumi.Output.all(**arns, copies=copies.name if copies else None).apply(
            lambda known: json.dumps(
                state_machine.definition(
                    **known, concurrency=settings.copy_concurrency, seconds=settings.download_expires_seconds
                )
            )
        ),
        role_arn=role.arn,
        logging_configuration={
            "level": "ERROR",
            "include_execution_data": False,
            "log_destination": pulumi.Output.concat(group.arn, ":*"),
        },
        tracing_configuration={"enabled": settings.tracing},
        tags=scope.tags,
        opts=scope.named(rights),
    )


def _watch(scope: Scope, machine: aws.sfn.StateMachine, fail: aws.lambda_.Function, undelivered: aws.sqs.Queue) -> None:
    rule = aws.cloudwatch.EventRule(
        scope.logical("uncaught"),
        name=scope.physical("uncaught"),
        description="Executions that failed, were stopped or took too long.",
        event_pattern=machine.arn.apply(lambda arn: json.dumps(uncaught_pattern(arn))),
        state="ENABLED",
        tags=scope.tags,
        opts=scope.named(),
    )
    queue_policy = aws.sqs.QueuePolicy(
        scope.logical("undelivered-policy"),
        queue_url=undelivered.url,
        policy=policy(service_policies.queue, undelivered=undelivered.arn, rule=rule.arn),
        opts=scope.child(),
    )
    permission = permit(scope, "uncaught", fail, "events.amazonaws.com", rule.arn)
    aws.cloudwatch.EventTarget(
        scope.logical("uncaught-target"),
        rule=rule.name,
        target_id="fail",
        arn=fail.arn,
        dead_letter_config={"arn": undelivered.arn},
        retry_policy={
            "maximum_event_age_in_seconds": EVENT_MAX_AGE_SECONDS,
            "maximum_retry_attempts": EVENT_RETRIES,
        },
        opts=scope.child(permission, queue_policy),
    )
