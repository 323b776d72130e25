"""Lambda function `get_download`: returns the status of a download."""

from async_download.functions import environment, permissions
from async_download.functions.definition import LATENCY_MB, Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow, executions


def _environment(resources: Resources) -> Environment:
    return {
        **environment.running_download(resources),
        **environment.cors_origins(resources),
        **environment.signer(resources),
    }


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.downloads(resources),
        allow("Reconcile", "states:DescribeExecution", executions(resources.transfer_machine.arn)),
        permissions.sign(resources),
        permissions.invoke_fail(resources),
    ]


GET_DOWNLOAD = FunctionDefinition(
    description="Returns the status of a download, with a fresh URL when it is ready.",
    environment=_environment,
    statements=_statements,
    memory_mb=LATENCY_MB,
)
