"""State machine on failure, its status-change events, a cancel, and `deliver`: settle a download that has ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.event_bus import EventBridgeBus
from runtime.adapters.objects import S3Objects
from runtime.handlers.boundary import Event, task
from runtime.handlers.shared.ending import EndingSettings, build_notifier, build_release, build_resume_waiters
from runtime.logic.ending.end_event import SendEndEvent
from runtime.logic.ending.fail import Fail, failure_of


@dataclass(frozen=True, kw_only=True)
class Settings(EndingSettings):
    """The environment variables."""

    object_prefix: str
    event_bus_arn: str = ""


@cache
def build_use_case() -> Fail:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, notifier = DynamoDownloads(settings.downloads_table), build_notifier(settings)
    event_bus = EventBridgeBus(settings.event_bus_arn) if settings.event_bus_arn else None
    startup.prepare(downloads)
    return Fail(
        downloads=downloads,
        objects=S3Objects(settings.bucket),
        notifier=notifier,
        clock=SystemClock(),
        object_prefix=settings.object_prefix,
        release=build_release(settings),
        resume_waiters=build_resume_waiters(settings),
        send_end_event=SendEndEvent(downloads, event_bus, SystemClock(), settings.bucket) if event_bus else None,
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> dict[str, str]:
    """Event `{"executionArn", "error"?}` or an EventBridge event with `detail`; return the download's `status`."""
    detail = event.get("detail") or {}
    execution_arn = event.get("executionArn") or detail["executionArn"]
    failure = failure_of(event.get("error"), detail.get("status"))
    return build_use_case().run(execution_arn, failure)
