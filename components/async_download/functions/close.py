"""Lambda function `close`: closes idle sockets of a download that has ended."""

from async_download.functions import environment, permissions
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow


def _environment(resources: Resources) -> Environment:
    return {
        "IDLE_CLOSER_ARN": resources.idle_closer_machine.arn,
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        **environment.sockets(resources),
    }


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.downloads(resources),
        permissions.remove_connections(resources),
        allow("Close", "execute-api:ManageConnections", resources.sockets_arn("DELETE")),
        permissions.start_idle_closer(resources),
    ]


CLOSE = FunctionDefinition(
    description="Closes idle sockets of a download that has ended.",
    environment=_environment,
    statements=_statements,
    publish=True,
)
