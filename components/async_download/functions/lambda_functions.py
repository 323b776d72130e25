"""The resources of the Lambda functions: each with a role and a log group of its own."""

import dataclasses

import pulumi
import pulumi_aws as aws

from async_download import limits
from async_download.bundle import runtime_archive
from async_download.functions import ALL_FUNCTIONS, FUNCTIONS, environment, permissions
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.names import FunctionName, hyphenated
from async_download.observability import log_group, tracing_mode
from async_download.resources import Resources
from async_download.roles import attach_policy, service_role
from async_download.scope import Scope
from async_download.settings import origins
from async_download.statements import Statement

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
LOG_FOLDER = "/aws/lambda"


def create_functions(
    scope: Scope, resources: pulumi.Output[Resources], dead_letter_queue: aws.sqs.Queue
) -> dict[FunctionName, aws.lambda_.Function]:
    """Create all functions of the stack."""
    definitions = ALL_FUNCTIONS if scope.settings.api.web_page else FUNCTIONS
    functions = {name: _function(scope, name, definition, resources) for name, definition in definitions.items()}
    for name, definition in definitions.items():
        if definition.async_calls is not None:
            aws.lambda_.FunctionEventInvokeConfig(
                scope.logical(f"{hyphenated(name)}-async"),
                function_name=functions[name].name,
                maximum_event_age_in_seconds=definition.async_calls.max_age_seconds,
                maximum_retry_attempts=definition.async_calls.retries,
                destination_config={"on_failure": {"destination": dead_letter_queue.arn}},
                opts=scope.options(),
            )
    return functions


def permit_invocation(
    scope: Scope, part: str, function: aws.lambda_.Function, service: str, source_arn: pulumi.Input[str]
) -> aws.lambda_.Permission:
    """Permit one source of a service to invoke a function."""
    return aws.lambda_.Permission(
        scope.logical(f"{part}-permission"),
        statement_id=part,
        action="lambda:InvokeFunction",
        function=function.name,
        principal=service,
        source_arn=source_arn,
        opts=scope.options(),
    )


def role_statements(name: FunctionName, resources: Resources) -> list[Statement]:
    """Return what the role of a function allows, without the use of the stack's key."""
    definition, settings = ALL_FUNCTIONS[name], resources.settings
    group = resources.log_group(LOG_FOLDER, hyphenated(name))
    return [
        *definition.statements(resources),
        permissions.write_logs(group.arn),
        *([permissions.trace()] if settings.observability.tracing else []),
        *([permissions.use_network()] if settings.vpc and definition.copies else []),
    ]


def function_environment(name: FunctionName, resources: Resources) -> Environment:
    """Return the environment variables of a function."""
    return {**ALL_FUNCTIONS[name].environment(resources), **environment.metrics(resources)}


def _function(
    scope: Scope, name: FunctionName, definition: FunctionDefinition, resources: pulumi.Output[Resources]
) -> aws.lambda_.Function:
    settings, part = scope.settings, hyphenated(name)
    if definition.copies:
        resources = _with_origin_secrets(scope, resources)
    group = log_group(scope, part, LOG_FOLDER)
    role = service_role(scope, part, definition.description, resources, "lambda.amazonaws.com")
    policy = attach_policy(scope, part, role, resources, lambda resources: role_statements(name, resources))
    reserved = definition.reserved_concurrency(settings) if definition.reserved_concurrency else 0
    return aws.lambda_.Function(
        scope.logical(part),
        name=scope.physical(part),
        description=definition.description,
        runtime=RUNTIME,
        architectures=[ARCHITECTURE],
        handler=f"runtime.handlers.{name}.handler",
        code=_archive(scope, name),
        publish=definition.publish or None,
        role=role.arn,
        timeout=definition.timeout_seconds,
        memory_size=settings.copying.memory_mb if definition.copies else definition.memory_mb,
        vpc_config=settings.vpc.vpc_config if definition.copies else None,
        reserved_concurrent_executions=reserved or None,
        environment={
            "variables": resources.apply(
                lambda resources: limits.check_environment(name, function_environment(name, resources))
            )
        },
        logging_config={
            "log_format": "JSON",
            "log_group": group.name,
            "application_log_level": "INFO",
            "system_log_level": "INFO",
        },
        tracing_config={"mode": tracing_mode(scope)},
        tags=scope.tags,
        opts=scope.options(group, policy, delete_before_replace=True),
    )


def _with_origin_secrets(scope: Scope, resources: pulumi.Output[Resources]) -> pulumi.Output[Resources]:
    """Add the ARNs of the origins' secrets: while one is unknown, so is all that is computed from the resources."""
    return pulumi.Output.all(resources=resources, arns=origins.secrets(scope.settings.origins)).apply(
        lambda values: dataclasses.replace(values["resources"], origin_secret_arns=tuple(values["arns"]))
    )


def _archive(scope: Scope, name: FunctionName) -> pulumi.Input[pulumi.Archive]:
    if not ALL_FUNCTIONS[name].reads_origins:
        return runtime_archive(name)
    return origins.file_content(scope.settings.origins).apply(
        lambda content: runtime_archive(name, texts={origins.FILE: content})
    )
