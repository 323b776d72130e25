"""State machine, and `connect` for a download that has ended: send the result of a download to its clients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.functions import LambdaFunctions
from runtime.adapters.signer import RoleSigner
from runtime.handlers.boundary import Event, task
from runtime.handlers.shared.ending import EndingSettings, build_notifier, build_release, build_resume_waiters
from runtime.logic.ending.deliver import Deliver
from runtime.logic.sockets.download_messages import DownloadMessages


@dataclass(frozen=True, kw_only=True)
class Settings(EndingSettings):
    """The environment variables."""

    signer_role_arn: str
    url_expires_seconds: int
    fail_function: str = ""


@cache
def build_use_case() -> Deliver:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, notifier = DynamoDownloads(settings.downloads_table), build_notifier(settings)
    signer = RoleSigner(settings.signer_role_arn, settings.bucket, settings.url_expires_seconds)
    functions = LambdaFunctions() if settings.fail_function else None
    startup.prepare(downloads, signer, functions)
    return Deliver(
        downloads=downloads,
        download_messages=DownloadMessages(signer),
        notifier=notifier,
        clock=SystemClock(),
        release=build_release(settings),
        resume_waiters=build_resume_waiters(settings),
        functions=functions,
        fail_function=settings.fail_function,
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> dict[str, int]:
    """Event `{"executionArn", "connectionId"?}`; return how many sockets had which outcome, and `pushesGivenUp`."""
    return build_use_case().run(event["executionArn"], event.get("connectionId"))
