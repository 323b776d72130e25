"""State machine on failure, its status-change events, and a cancel: settle a download that did not become READY."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config, log
from runtime.adapters import startup
from runtime.adapters.callers import DynamoCallers
from runtime.adapters.clock import SystemClock
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.copies import DynamoCopies
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.idle_closer import IdleCloserMachine
from runtime.adapters.objects import S3Objects
from runtime.adapters.sockets import ManagementSockets
from runtime.adapters.waiting_tasks import WaitingTasks
from runtime.config import Amount
from runtime.handlers.boundary import Event, task
from runtime.logic.copying.reuse import ResumeWaiters
from runtime.logic.ending.fail import Fail, failure_of
from runtime.logic.ending.running_limit import ReleaseCaller
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
    object_prefix: str
    max_downloads_per_caller: Amount
    daily_bytes_per_caller: Amount
    copies_table: str = ""


@cache
def build_use_case() -> Fail:
    """The use case on AWS."""
    settings = config.load(Settings)
    downloads, clock = DynamoDownloads(settings.downloads_table), SystemClock()
    connections = DynamoConnections(settings.connections_table, settings.downloads_table)
    idle_closer = IdleCloserMachine(settings.idle_closer_arn) if settings.close_idle_seconds else None
    sockets = ManagementSockets(settings.management_url)
    startup.prepare(downloads, sockets, idle_closer)
    return Fail(
        downloads=downloads,
        objects=S3Objects(settings.bucket),
        notifier=Notifier(downloads, connections, sockets, clock, idle_closer),
        clock=clock,
        object_prefix=settings.object_prefix,
        release=ReleaseCaller(DynamoCallers(settings.downloads_table), clock, settings.daily_bytes_per_caller)
        if settings.max_downloads_per_caller
        else None,
        resume_waiters=ResumeWaiters(DynamoCopies(settings.copies_table), WaitingTasks())
        if settings.copies_table
        else None,
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> dict[str, str]:
    """Event `{"executionArn", "error"?}` or an EventBridge event with `detail`; answers the row's `status`."""
    detail = event.get("detail") or {}
    execution_arn = event.get("executionArn") or detail["executionArn"]
    failure = failure_of(event.get("error"), detail.get("status"))
    settled = build_use_case().run(execution_arn, failure)
    log.info("Settled a failure", executionArn=execution_arn, code=failure.code, **settled)
    return settled
