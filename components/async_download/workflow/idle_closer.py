"""The state machine that closes idle sockets, apart from the one that copies: that one ends with the delivery."""

import json

import pulumi
import pulumi_aws as aws

from async_download.resources import IDLE_CLOSER_MACHINE, Resources
from async_download.roles import attach_policy, service_role
from async_download.scope import Scope
from async_download.statements import Statement, allow
from async_download.workflow import state_machine
from async_download.workflow.machines import DELETE_TIMEOUT, SERVICE, trace


def create_idle_closer(scope: Scope, resources: pulumi.Output[Resources]) -> aws.sfn.StateMachine:
    """Create the machine, which waits and then calls `close`, and its role."""
    account = resources.apply(lambda resources: resources.account)
    description = "Runs the state machine that closes idle sockets."
    role = service_role(scope, IDLE_CLOSER_MACHINE, description, SERVICE, account)
    policy = attach_policy(scope, IDLE_CLOSER_MACHINE, role, resources, _statements)
    return aws.sfn.StateMachine(
        scope.logical(IDLE_CLOSER_MACHINE),
        name=scope.physical(IDLE_CLOSER_MACHINE),
        type="STANDARD",
        definition=resources.apply(lambda resources: json.dumps(_definition(resources))),
        role_arn=role.arn,
        tracing_configuration={"enabled": scope.settings.observability.tracing},
        tags=scope.tags,
        opts=scope.options(policy, delete_before_replace=True, delete_timeout=DELETE_TIMEOUT),
    )


def _definition(resources: Resources) -> dict[str, object]:
    close, seconds = resources.function("close").arn, resources.settings.websocket.idle_timeout_seconds
    return state_machine.idle_closer(close=close, seconds=seconds)


def _statements(resources: Resources) -> list[Statement]:
    statements = [allow("Functions", "lambda:InvokeFunction", resources.function("close").arn)]
    return [*statements, trace()] if resources.settings.observability.tracing else statements
