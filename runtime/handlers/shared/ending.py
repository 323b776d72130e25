"""Settings and parts of `deliver` and `fail`, which end a download."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import startup
from runtime.adapters.callers import DynamoCallers
from runtime.adapters.clock import SystemClock
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.copies import DynamoCopies
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.idle_closer import IdleCloserMachine
from runtime.adapters.sockets import ManagementSockets
from runtime.adapters.waiting_tasks import WaitingTasks
from runtime.config import Amount
from runtime.logic.copying.reuse import ResumeWaiters
from runtime.logic.ending.running_limit import ReleaseCaller
from runtime.logic.sockets.notifier import Notifier


@dataclass(frozen=True, kw_only=True)
class EndingSettings:
    """The environment variables that both functions have."""

    downloads_table: str
    connections_table: str
    management_url: str
    idle_closer_arn: str
    close_idle_seconds: Amount
    bucket: str
    max_downloads_per_caller: Amount
    daily_bytes_per_caller: Amount
    copies_table: str = ""


def build_notifier(settings: EndingSettings) -> Notifier:
    """Build what sends messages to the clients of a download, and have its adapters warmed up."""
    sockets = ManagementSockets(settings.management_url)
    idle_closer = IdleCloserMachine(settings.idle_closer_arn) if settings.close_idle_seconds else None
    startup.prepare(sockets, idle_closer)
    return Notifier(
        downloads=DynamoDownloads(settings.downloads_table),
        connections=DynamoConnections(settings.connections_table, settings.downloads_table),
        sockets=sockets,
        clock=SystemClock(),
        idle_closer=idle_closer,
    )


def build_release(settings: EndingSettings) -> ReleaseCaller | None:
    """Build what gives the place of a download back to its caller; None without a limit per caller."""
    if not settings.max_downloads_per_caller:
        return None
    return ReleaseCaller(DynamoCallers(settings.downloads_table), SystemClock(), settings.daily_bytes_per_caller)


def build_resume_waiters(settings: EndingSettings) -> ResumeWaiters | None:
    """Build what resumes the downloads that wait for a copy; None if copies are not reused."""
    return ResumeWaiters(DynamoCopies(settings.copies_table), WaitingTasks()) if settings.copies_table else None
