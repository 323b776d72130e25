"""State machine on failure, its status-change events, and a cancel: settle a download that did not become READY."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config, log
from runtime.adapters import startup
from runtime.adapters.callers import DynamoCallers
from runtime.adapters.clock import SystemClock
from runtime.adapters.closing import ClosingMachine
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.copies import DynamoCopies
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.objects import S3Objects
from runtime.adapters.sockets import ManagementSockets
from runtime.adapters.waiting_tasks import WaitingTasks
from runtime.config import Amount
from runtime.handlers.boundary import Event, task
from runtime.logic.copying.reuse import WakeWaiting
from runtime.logic.ending.fail import Fail, failure_of
from runtime.logic.ending.running_limit import ReleaseCaller
from runtime.logic.sockets.tell import Tell


@dataclass(frozen=True)
class Settings:
    """The environment."""

    downloads_table: str
    connections_table: str
    management_url: str
    closing_machine_arn: str
    close_idle_seconds: Amount
    bucket: str
    object_prefix: str
    max_downloads_per_caller: Amount
    daily_bytes_per_caller: Amount
    copies_table: str = ""


@cache
def wire() -> Fail:
    """The use case on AWS."""
    settings = config.load(Settings)
    downloads, clock = DynamoDownloads(settings.downloads_table), SystemClock()
    connections = DynamoConnections(settings.connections_table, settings.downloads_table)
    closing = ClosingMachine(settings.closing_machine_arn) if settings.close_idle_seconds else None
    sockets = ManagementSockets(settings.management_url)
    startup.prepare(downloads, sockets, closing)
    return Fail(
        downloads=downloads,
        objects=S3Objects(settings.bucket),
        tell=Tell(downloads, connections, sockets, clock, closing),
        clock=clock,
        object_prefix=settings.object_prefix,
        release=ReleaseCaller(DynamoCallers(settings.downloads_table), clock, settings.daily_bytes_per_caller)
        if settings.max_downloads_per_caller
        else None,
        wake=WakeWaiting(DynamoCopies(settings.copies_table), WaitingTasks()) if settings.copies_table else None,
    )


startup.run(wire)


@task
def handler(event: Event, _context: Any) -> dict[str, str]:
    """Event `{"executionArn", "error"?}` or an EventBridge event with `detail`; answers the row's `status`."""
    detail = event.get("detail") or {}
    execution_arn = event.get("executionArn") or detail["executionArn"]
    failure = failure_of(event.get("error"), detail.get("status"))
    settled = wire()(execution_arn, failure)
    log.info("Settled a failure", executionArn=execution_arn, code=failure.code, **settled)
    return settled
