"""Lambda function `cancel_download`: stops the execution of a download."""

from async_download.functions import environment, permissions
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow, executions


def _environment(resources: Resources) -> Environment:
    return {
        **environment.running_download(resources),
        **environment.cors_origins(resources),
    }


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.downloads(resources),
        allow("Stop", "states:StopExecution", executions(resources.transfer_machine.arn)),
        permissions.invoke_fail(resources),
    ]


CANCEL_DOWNLOAD = FunctionDefinition(
    description="Cancels a download.", environment=_environment, statements=_statements
)
