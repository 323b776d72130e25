"""Creation of a state machine with its role."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download.names import FunctionName
from async_download.resources import Resources
from async_download.roles import attach_policy, service_role
from async_download.scope import Scope
from async_download.statements import Statement, allow

DELETE_TIMEOUT = "60m"
"""Time-out of the deletion of a machine.

A machine is deleted when its executions have ended, and they end at their next state transition: a task takes up to
910 s until then, a Map as long as its slices. The provider's own time-out is five minutes.
"""


FunctionArns = Mapping[FunctionName, str]
"""ARNs of functions, as a definition names them: each with the number of a version."""

Functions = Mapping[FunctionName, aws.lambda_.Function]


def create_machine(
    scope: Scope,
    part: str,
    description: str,
    resources: pulumi.Output[Resources],
    functions: Functions,
    build_definition: Callable[[Resources, FunctionArns], dict[str, object]],
    build_statements: Callable[[Resources], Sequence[Statement]],
    log_group: aws.cloudwatch.LogGroup | None = None,
) -> aws.sfn.StateMachine:
    """Create a Standard state machine and the role that runs it.

    An execution keeps the definition that it was started with, and so the versions of the functions: a deployment in
    the meantime changes neither the code nor the environment of its tasks.

    Args:
        scope: the component.
        part: last part of the names.
        description: description of the role.
        resources: names and ARNs for definition and policy.
        functions: the functions that the definition names, which publish versions.
        build_definition: returns the definition.
        build_statements: returns the policy of the role, without traces.
        log_group: group for the errors of executions; None logs nothing.
    """

    def traced_statements(resources: Resources) -> list[Statement]:
        statements = list(build_statements(resources))
        return [*statements, _trace()] if scope.settings.observability.tracing else statements

    account = resources.apply(lambda resources: resources.account)
    role = service_role(scope, part, description, resources, "states.amazonaws.com", account)
    policy = attach_policy(scope, part, role, resources, traced_statements)
    return aws.sfn.StateMachine(
        scope.logical(part),
        name=scope.physical(part),
        type="STANDARD",
        definition=_definition(resources, functions, build_definition),
        role_arn=role.arn,
        logging_configuration=_error_logging(log_group) if log_group else None,
        tracing_configuration={"enabled": scope.settings.observability.tracing},
        tags=scope.tags,
        opts=scope.options(policy, delete_before_replace=True, delete_timeout=DELETE_TIMEOUT),
    )


def invoke_functions(resources: Resources, names: Sequence[FunctionName]) -> Statement:
    """Allow to invoke every version of functions, and the functions themselves.

    Executions that an earlier release started name functions without a version.
    """
    arns = [resources.function(name).arn for name in names]
    return allow("Functions", "lambda:InvokeFunction", [*arns, *(f"{arn}:*" for arn in arns)])


def _definition(
    resources: pulumi.Output[Resources],
    functions: Functions,
    build_definition: Callable[[Resources, FunctionArns], dict[str, object]],
) -> pulumi.Output[str]:
    arns = pulumi.Output.all(**{name: function.qualified_arn for name, function in functions.items()})

    def build(values: dict[str, Any]) -> str:
        return json.dumps(build_definition(values["resources"], values["arns"]))

    return pulumi.Output.all(resources=resources, arns=arns).apply(build)


def _error_logging(log_group: aws.cloudwatch.LogGroup) -> aws.sfn.StateMachineLoggingConfigurationArgs:
    """Log failed executions, without their input and output."""
    return aws.sfn.StateMachineLoggingConfigurationArgs(
        level="ERROR",
        include_execution_data=False,
        log_destination=pulumi.Output.concat(log_group.arn, ":*"),
    )


def _trace() -> Statement:
    """Allow to sample and to send segments to X-Ray, which has no resources to name."""
    sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"]
    return allow("Tracing", [*sampling, "xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
