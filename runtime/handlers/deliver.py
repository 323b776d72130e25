"""State machine, and a replay asked for by $connect: tell the clients of a download how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config
from runtime.adapters import startup
from runtime.adapters.callers import DynamoCallers
from runtime.adapters.clock import SystemClock
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.copies import DynamoCopies
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.idle_closer import IdleCloserMachine
from runtime.adapters.signer import RoleSigner
from runtime.adapters.sockets import ManagementSockets
from runtime.adapters.waiting_tasks import WaitingTasks
from runtime.config import Amount
from runtime.handlers.boundary import Event, task
from runtime.logic.copying.reuse import ResumeWaiters
from runtime.logic.ending.deliver import Deliver
from runtime.logic.ending.running_limit import ReleaseCaller
from runtime.logic.sockets.download_messages import DownloadMessages
from runtime.logic.sockets.notifier import Notifier


@dataclass(frozen=True)
class Settings:
    """The environment."""

    downloads_table: str
    connections_table: str
    management_url: str
    idle_closer_arn: str
    close_idle_seconds: Amount
    bucket: str
    signer_role_arn: str
    url_expires_seconds: int
    max_downloads_per_caller: Amount
    daily_bytes_per_caller: Amount
    copies_table: str = ""


@cache
def build_use_case() -> Deliver:
    """The use case on AWS."""
    settings = config.load(Settings)
    downloads, clock = DynamoDownloads(settings.downloads_table), SystemClock()
    connections = DynamoConnections(settings.connections_table, settings.downloads_table)
    idle_closer = IdleCloserMachine(settings.idle_closer_arn) if settings.close_idle_seconds else None
    signer = RoleSigner(settings.signer_role_arn, settings.bucket, settings.url_expires_seconds)
    sockets = ManagementSockets(settings.management_url)
    startup.prepare(downloads, signer, sockets, idle_closer)
    return Deliver(
        downloads=downloads,
        download_messages=DownloadMessages(signer),
        notifier=Notifier(downloads, connections, sockets, clock, idle_closer),
        clock=clock,
        release=ReleaseCaller(DynamoCallers(settings.downloads_table), clock, settings.daily_bytes_per_caller)
        if settings.max_downloads_per_caller
        else None,
        resume_waiters=ResumeWaiters(DynamoCopies(settings.copies_table), WaitingTasks())
        if settings.copies_table
        else None,
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> dict[str, int]:
    """Event `{"executionArn", "connectionId"?}`; answers how many sockets had which outcome, and `pushesGivenUp`."""
    return build_use_case().run(event["executionArn"], event.get("connectionId"))
