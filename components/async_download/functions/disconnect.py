"""Lambda function `disconnect`: removes a WebSocket connection that was closed."""

from async_download.functions import permissions
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow

UPDATED_ATTRIBUTES = ("connectionIds", "executionArn")
"""Attributes of a download that the function's update names: in its key, its update and its condition."""


def _environment(resources: Resources) -> Environment:
    return {
        "CONNECTIONS_TABLE": resources.connections_table.name,
        "DOWNLOADS_TABLE": resources.downloads_table.name,
    }


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.update_attributes("Downloads", resources.downloads_table.arn, UPDATED_ATTRIBUTES),
        allow("Connections", "dynamodb:DeleteItem", resources.connections_table.arn),
    ]


DISCONNECT = FunctionDefinition(
    description="Removes a closed socket.", environment=_environment, statements=_statements
)
