"""WebSocket: $connect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.functions import LambdaFunctions
from runtime.adapters.sockets import ManagementSockets
from runtime.handlers.boundary import Event, request_of, web_socket
from runtime.logic.requests.connect import Connect
from runtime.logic.requests.evict import Evict


@dataclass(frozen=True)
class Settings:
    """The environment variables."""

    downloads_table: str
    connections_table: str
    management_url: str
    state_machine_arn: str
    deliver_function: str
    max_connections: int


@cache
def build_use_case() -> Connect:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, functions, clock = DynamoDownloads(settings.downloads_table), LambdaFunctions(), SystemClock()
    connections = DynamoConnections(settings.connections_table, settings.downloads_table)
    startup.prepare(downloads, functions)
    return Connect(
        downloads=downloads,
        connections=connections,
        functions=functions,
        clock=clock,
        evict=Evict(downloads, connections, ManagementSockets(settings.management_url), clock),
        state_machine_arn=settings.state_machine_arn,
        deliver_function=settings.deliver_function,
        limit=settings.max_connections,
    )


startup.run(build_use_case)


@web_socket
def handler(event: Event) -> None:
    """Accept a client with a ticket. If it sends the execution's ARN in a header, that has to match."""
    request = request_of(event)
    claimed = request.headers.get("x-statemachine-executionarn")
    build_use_case().run(event["requestContext"]["connectionId"], request.ticket_of_handshake, claimed)
