"""The state machine that closes idle sockets, apart from the one that copies: that one ends with the delivery."""

import pulumi
import pulumi_aws as aws

from async_download.resources import IDLE_CLOSER_MACHINE, Resources
from async_download.scope import Scope
from async_download.statements import Statement
from async_download.workflow import state_machine
from async_download.workflow.machines import FunctionArns, Functions, create_machine, invoke_functions


def create_idle_closer(scope: Scope, resources: pulumi.Output[Resources], functions: Functions) -> aws.sfn.StateMachine:
    """Create the machine, which waits and then calls `close`, and its role."""
    description = "Runs the state machine that closes idle sockets."
    tasks: Functions = {"close": functions["close"]}
    return create_machine(scope, IDLE_CLOSER_MACHINE, description, resources, tasks, _definition, _statements)


def _definition(resources: Resources, arns: FunctionArns) -> dict[str, object]:
    return state_machine.idle_closer(close=arns["close"], seconds=resources.settings.websocket.idle_timeout_seconds)


def _statements(resources: Resources) -> list[Statement]:
    return [invoke_functions(resources, ["close"])]
