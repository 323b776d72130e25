"""Lambda function `message`: answers the actions that clients send over their sockets."""

from async_download.functions import environment, permissions
from async_download.functions.definition import LATENCY_MB, Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow, executions


def _environment(resources: Resources) -> Environment:
    return {
        **environment.running_download(resources),
        **environment.signer(resources),
        **environment.sockets(resources),
    }


def _statements(resources: Resources) -> list[Statement]:
    running = executions(resources.transfer_machine.arn)
    return [
        permissions.downloads(resources),
        allow("Connections", ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources.connections_table.arn),
        allow("Stop", ["states:DescribeExecution", "states:StopExecution"], running),
        permissions.sign(resources),
        permissions.invoke_fail(resources),
        permissions.post(resources),
    ]


MESSAGE = FunctionDefinition(
    description="Answers the actions of clients: status, refresh, cancel, ping.",
    environment=_environment,
    statements=_statements,
    memory_mb=LATENCY_MB,
)
