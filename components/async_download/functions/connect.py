"""Lambda function `connect`: lets a WebSocket connection with the ticket of a download in."""

from async_download.functions import environment, permissions
from async_download.functions.definition import LATENCY_MB, Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow

UPDATED_ATTRIBUTES = ("connectionIds", "executionArn", "expiresAt", "ticketHashes")
"""Attributes of a download that the function's update names: in its key, its update and its condition."""


def _environment(resources: Resources) -> Environment:
    return {
        "DELIVER_FUNCTION": resources.function("deliver").name,
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        "MAX_CONNECTIONS": str(resources.settings.websocket.max_connections_per_download),
        "STATE_MACHINE_ARN": resources.transfer_machine.arn,
        **environment.sockets(resources),
    }


def _statements(resources: Resources) -> list[Statement]:
    downloads, connections = resources.downloads_table.arn, resources.connections_table.arn
    return [
        allow("ReadDownloads", "dynamodb:GetItem", downloads),
        permissions.update_attributes("Downloads", downloads, UPDATED_ATTRIBUTES),
        allow("Connections", "dynamodb:PutItem", connections),
        # At the limit of connections, those that are gone are removed.
        allow("Evict", ["dynamodb:DeleteItem", "dynamodb:GetItem"], connections),
        allow("Look", "execute-api:ManageConnections", resources.sockets_arn("GET")),
        allow("Replay", "lambda:InvokeFunction", resources.function("deliver").arn),
    ]


CONNECT = FunctionDefinition(
    description="Accepts a socket with the ticket of a download, and requests a replay.",
    environment=_environment,
    statements=_statements,
    memory_mb=LATENCY_MB,
    reserved_concurrency=lambda settings: settings.websocket.reserved_concurrency,
)
