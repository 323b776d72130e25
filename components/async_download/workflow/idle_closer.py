"""The state machine that closes idle sockets, apart from the one that copies: that one ends with the delivery."""

import pulumi
import pulumi_aws as aws

from async_download.resources import IDLE_CLOSER_MACHINE, Resources
from async_download.scope import Scope
from async_download.statements import Statement, allow
from async_download.workflow import state_machine
from async_download.workflow.machines import create_machine


def create_idle_closer(scope: Scope, resources: pulumi.Output[Resources]) -> aws.sfn.StateMachine:
    """Create the machine, which waits and then calls `close`, and its role."""
    description = "Runs the state machine that closes idle sockets."
    return create_machine(scope, IDLE_CLOSER_MACHINE, description, resources, _definition, _statements)


def _definition(resources: Resources) -> dict[str, object]:
    close, seconds = resources.function("close").arn, resources.settings.websocket.idle_timeout_seconds
    return state_machine.idle_closer(close=close, seconds=seconds)


def _statements(resources: Resources) -> list[Statement]:
    return [allow("Functions", "lambda:InvokeFunction", resources.function("close").arn)]
