"""State machine: copy one download into the bucket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config, log
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.copies import DynamoCopies
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.objects import S3Objects
from runtime.adapters.origin_http import HttpOrigins
from runtime.adapters.secret_values import SecretsManager
from runtime.adapters.sockets import ManagementSockets
from runtime.config import Amount
from runtime.handlers.boundary import Event, task
from runtime.logic.copying.copy import Copy
from runtime.logic.copying.outcome import Outcome
from runtime.logic.copying.reuse import Reuse
from runtime.models import Origins

SPARE_SECONDS = 30.0  # to abort and to answer, before Lambda ends the worker


@dataclass(frozen=True)
class Settings:
    """The environment."""

    downloads_table: str
    bucket: str
    object_prefix: str
    origins: Origins
    loopback_origins: bool
    management_url: str
    fan_out_bytes: Amount
    max_file_bytes: int
    copies_table: str = ""
    reuse_seconds: int = 0


@cache
def build_use_case() -> Copy:
    """The use case on AWS."""
    settings = config.load(Settings)
    downloads, objects, clock = DynamoDownloads(settings.downloads_table), S3Objects(settings.bucket), SystemClock()
    copies, seconds = DynamoCopies(settings.copies_table), settings.reuse_seconds
    origins, secrets, sockets = HttpOrigins(), SecretsManager(), ManagementSockets(settings.management_url)
    has_secrets = any(origin.has_secrets for origin in settings.origins.values())
    startup.prepare(downloads, objects, origins, sockets, secrets if has_secrets else None)
    return Copy(
        downloads=downloads,
        objects=objects,
        origins=origins,
        secrets=secrets,
        sockets=sockets,
        clock=clock,
        configured=settings.origins,
        object_prefix=settings.object_prefix,
        fan_out_bytes=settings.fan_out_bytes,
        max_file_bytes=settings.max_file_bytes,
        loopback=settings.loopback_origins,
        reuse=Reuse(copies, downloads, objects, clock, seconds) if seconds else None,
    )


startup.run(build_use_case)


@task
def handler(event: Event, context: Any) -> Outcome:
    """Event `{"executionArn"}`; answers `{"outcome"}`: STORED, or what `Copy` says besides."""
    seconds = context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    outcome = build_use_case().run(event["executionArn"], seconds)
    log.info("Copied", executionArn=event["executionArn"], outcome=str(outcome["outcome"]))
    return outcome
