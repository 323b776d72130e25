"""The state machine that closes idle sockets, apart from the one that copies: that one ends when all are told."""

import json

import pulumi_aws as aws

from async_download import service_policies, state_machine
from async_download.functions import Functions
from async_download.scope import Scope, policy

PART = "closing"


class Closing:
    """Waits, then calls `close`."""

    def __init__(self, scope: Scope, functions: Functions) -> None:
        close, settings = functions["close"].arn, scope.settings
        role = aws.iam.Role(
            scope.logical(f"{PART}-role"),
            name=scope.physical(PART),
            description="Runs the state machine that closes idle sockets.",
            assume_role_policy=json.dumps(service_policies.trust("states.amazonaws.com")),
            tags=scope.tags,
            opts=scope.named(),
        )
        rights = aws.iam.RolePolicy(
            scope.logical(f"{PART}-policy"),
            name=PART,
            role=role.name,
            policy=policy(service_policies.closing_machine, close=close, tracing=settings.tracing),
            opts=scope.child(),
        )
        aws.sfn.StateMachine(
            scope.logical(PART),
            name=scope.physical(PART),
            type="STANDARD",
            definition=close.apply(
                lambda arn: json.dumps(state_machine.closing(close=arn, seconds=settings.close_idle_seconds))
            ),
            role_arn=role.arn,
            tracing_configuration={"enabled": settings.tracing},
            tags=scope.tags,
            opts=scope.named(rights),
        )
