"""State machine: copy one slice of a large file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config, log
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.objects import S3Objects
from runtime.adapters.origin_http import HttpOrigins
from runtime.adapters.secret_values import SecretsManager
from runtime.adapters.sockets import ManagementSockets
from runtime.handlers.boundary import Event, task
from runtime.logic.slices.copy_slice import CopySlice
from runtime.models import Origins

SECONDS = 120.0  # two workers, one after the other, fit in the five minutes of an Express execution


@dataclass(frozen=True)
class Settings:
    """The environment."""

    downloads_table: str
    bucket: str
    object_prefix: str
    origins: Origins
    loopback_origins: bool
    management_url: str
    copy_concurrency: int


@cache
def build_use_case() -> CopySlice:
    """The use case on AWS."""
    settings = config.load(Settings)
    downloads, objects = DynamoDownloads(settings.downloads_table), S3Objects(settings.bucket)
    origins, secrets, sockets = HttpOrigins(), SecretsManager(), ManagementSockets(settings.management_url)
    has_secrets = any(origin.has_secrets for origin in settings.origins.values())
    startup.prepare(downloads, objects, origins, sockets, secrets if has_secrets else None)
    return CopySlice(
        downloads=downloads,
        objects=objects,
        origins=origins,
        secrets=secrets,
        sockets=sockets,
        clock=SystemClock(),
        configured=settings.origins,
        object_prefix=settings.object_prefix,
        concurrency=settings.copy_concurrency,
        loopback=settings.loopback_origins,
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> dict[str, object]:
    """Event `{"executionArn", "slice"}`; answers `{}`, for the answers of all slices are one state's."""
    build_use_case().run(event["executionArn"], int(event["slice"]), SECONDS)
    log.info("Copied a slice", executionArn=event["executionArn"], slice=int(event["slice"]))
    return {}
