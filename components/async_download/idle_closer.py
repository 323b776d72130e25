"""The state machine that closes idle sockets, apart from the one that copies: that one ends when all are told."""

import json

import pulumi
import pulumi_aws as aws

from async_download import service_policies, state_machine
from async_download.functions import Functions
from async_download.machines import machine_options, machine_policy
from async_download.roles import service_role
from async_download.scope import Scope

PART = "closing"


class IdleCloser:
    """Waits, then calls `close`."""

    def __init__(self, scope: Scope, functions: Functions, account: pulumi.Output[str]) -> None:
        close, settings = functions["close"].arn, scope.settings
        role = service_role(
            scope, PART, "Runs the state machine that closes idle sockets.", "states.amazonaws.com", account
        )
        build = service_policies.closing_machine
        attached = machine_policy(scope, PART, role, build, close=close, tracing=settings.observability.tracing)
        self.machine = aws.sfn.StateMachine(
            scope.logical(PART),
            name=scope.physical(PART),
            type="STANDARD",
            definition=close.apply(
                lambda arn: json.dumps(
                    state_machine.idle_closer(close=arn, seconds=settings.websocket.idle_timeout_seconds)
                )
            ),
            role_arn=role.arn,
            tracing_configuration={"enabled": settings.observability.tracing},
            tags=scope.tags,
            opts=machine_options(scope, attached),
        )
