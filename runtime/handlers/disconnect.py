"""WebSocket: $disconnect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from runtime import config
from runtime.adapters import startup
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.downloads import DynamoDownloads
from runtime.handlers.boundary import Event, web_socket
from runtime.logic.requests.disconnect import Disconnect


@dataclass(frozen=True)
class Settings:
    """The environment variables."""

    downloads_table: str
    connections_table: str


@cache
def build_use_case() -> Disconnect:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads = DynamoDownloads(settings.downloads_table)
    startup.prepare(downloads)
    return Disconnect(
        downloads=downloads,
        connections=DynamoConnections(settings.connections_table, settings.downloads_table),
    )


startup.run(build_use_case)


@web_socket
def handler(event: Event) -> None:
    """Remove the connection, unless a client's message names this route."""
    context = event["requestContext"]
    if context.get("eventType") != "MESSAGE":
        build_use_case().run(context["connectionId"])
