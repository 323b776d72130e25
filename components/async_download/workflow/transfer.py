"""The state machine that copies a file and delivers it."""

import json

import pulumi
import pulumi_aws as aws

from async_download.names import FunctionName
from async_download.observability import log_group
from async_download.resources import TRANSFER_MACHINE, Resources
from async_download.roles import attach_policy, service_role
from async_download.scope import Scope
from async_download.statements import Statement, allow
from async_download.workflow import state_machine
from async_download.workflow.machines import DELETE_TIMEOUT, SERVICE, trace

FUNCTIONS: tuple[FunctionName, ...] = ("copy", "copy_slice", "complete", "deliver", "fail")
LOG_ACTIONS = [  # Step Functions has to be allowed them on all resources before a machine with logging can be created
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]


def create_transfer(scope: Scope, resources: pulumi.Output[Resources]) -> aws.sfn.StateMachine:
    """Create the machine, its role and its log group."""
    group = log_group(scope, TRANSFER_MACHINE, "/aws/vendedlogs/states")
    account = resources.apply(lambda resources: resources.account)
    role = service_role(scope, TRANSFER_MACHINE, "Runs the state machine of the downloads.", SERVICE, account)
    policy = attach_policy(scope, TRANSFER_MACHINE, role, resources, statements)
    return aws.sfn.StateMachine(
        scope.logical(TRANSFER_MACHINE),
        name=scope.physical(TRANSFER_MACHINE),
        type="STANDARD",
        definition=resources.apply(lambda resources: json.dumps(definition(resources))),
        role_arn=role.arn,
        logging_configuration={
            "level": "ERROR",
            "include_execution_data": False,
            "log_destination": pulumi.Output.concat(group.arn, ":*"),
        },
        tracing_configuration={"enabled": scope.settings.observability.tracing},
        tags=scope.tags,
        opts=scope.options(policy, delete_before_replace=True, delete_timeout=DELETE_TIMEOUT),
    )


def definition(resources: Resources) -> dict[str, object]:
    """Return the definition of the machine."""
    settings = resources.settings
    return state_machine.definition(
        **{name: resources.function(name).arn for name in FUNCTIONS},
        concurrency=settings.copying.concurrency,
        seconds=settings.retention.download_expires_seconds,
        copies=resources.copies_table.name if resources.copies_table else None,
        children=settings.cloud.slice_execution_type,
    )


def statements(resources: Resources) -> list[Statement]:
    """Allow to invoke the functions, to run the Map and to wait for copies of other downloads; logs and traces."""
    machine = resources.transfer_machine.arn
    slices = machine.replace(":stateMachine:", ":execution:")
    statements = [
        allow("Functions", "lambda:InvokeFunction", [resources.function(name).arn for name in FUNCTIONS]),
        allow("StartSlices", "states:StartExecution", machine),
        allow(
            "Slices",
            ["states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"],
            [f"{slices}:*", f"{slices}/*"],
        ),
        allow("LogDelivery", LOG_ACTIONS, "*"),
    ]
    if resources.copies_table:
        statements.append(allow("AwaitCopies", "dynamodb:UpdateItem", resources.copies_table.arn))
    return [*statements, trace()] if resources.settings.observability.tracing else statements
