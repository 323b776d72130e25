"""The state machine that copies a file and delivers it."""

import pulumi
import pulumi_aws as aws

from async_download.names import FunctionName
from async_download.observability import log_group
from async_download.resources import TRANSFER_MACHINE, Resources
from async_download.scope import Scope
from async_download.statements import Statement, allow
from async_download.workflow import state_machine
from async_download.workflow.machines import FunctionArns, Functions, create_machine, invoke_functions

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


def create_transfer(scope: Scope, resources: pulumi.Output[Resources], functions: Functions) -> aws.sfn.StateMachine:
    """Create the machine, its role and its log group."""
    group = log_group(scope, TRANSFER_MACHINE, "/aws/vendedlogs/states")
    description = "Runs the state machine of the downloads."
    tasks = {name: functions[name] for name in FUNCTIONS}
    return create_machine(scope, TRANSFER_MACHINE, description, resources, tasks, definition, statements, group)


def definition(resources: Resources, arns: FunctionArns) -> dict[str, object]:
    """Return the definition of the machine, with these versions of the functions."""
    settings = resources.settings
    return state_machine.definition(
        **{name: arns[name] for name in FUNCTIONS},
        concurrency=settings.copying.concurrency,
        seconds=settings.retention.download_expires_seconds,
        copies=resources.copies_table.name if resources.copies_table else None,
        children=settings.cloud.slice_execution_type,
    )


def statements(resources: Resources) -> list[Statement]:
    """Allow to invoke the functions, to run the Map and to wait for copies of other downloads; logs."""
    machine = resources.transfer_machine.arn
    slices = machine.replace(":stateMachine:", ":execution:")
    statements = [
        invoke_functions(resources, FUNCTIONS),
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
    return statements
