"""State machine of the idle closer: close the sockets of finished downloads whose clients send nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.idle_closer import IdleCloserMachine
from runtime.adapters.sockets import ManagementSockets
from runtime.handlers.boundary import Event, task
from runtime.logic.sockets.close import Close
from runtime.models import seconds_of


@dataclass(frozen=True)
class Settings:
    """The environment variables."""

    downloads_table: str
    connections_table: str
    management_url: str
    idle_closer_arn: str


@cache
def build_use_case() -> Close:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, sockets = DynamoDownloads(settings.downloads_table), ManagementSockets(settings.management_url)
    startup.prepare(downloads, sockets)
    return Close(
        downloads=downloads,
        connections=DynamoConnections(settings.connections_table, settings.downloads_table),
        sockets=sockets,
        clock=SystemClock(),
        idle_closer=IdleCloserMachine(settings.idle_closer_arn),
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> dict[str, int]:
    """Event `{"executionArn", "connectionIds", "since"}`; return how many were `closed`, `gone` and `inUse`."""
    return build_use_case().run(event["executionArn"], event["connectionIds"], seconds_of(event["since"]))
