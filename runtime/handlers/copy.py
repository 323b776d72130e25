"""State machine: copy one download into the bucket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config, log
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.objects import S3Objects
from runtime.adapters.origin_http import HttpOrigins
from runtime.adapters.secret_values import SecretsManager
from runtime.adapters.sockets import ManagementSockets
from runtime.config import Amount
from runtime.handlers.boundary import Event, task
from runtime.logic.copy import Copy
from runtime.logic.outcome import Outcome
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


@cache
def wire() -> Copy:
    """The use case on AWS."""
    settings = config.load(Settings)
    return Copy(
        downloads=DynamoDownloads(settings.downloads_table),
        objects=S3Objects(settings.bucket),
        origins=HttpOrigins(),
        secrets=SecretsManager(),
        sockets=ManagementSockets(settings.management_url),
        clock=SystemClock(),
        configured=settings.origins,
        object_prefix=settings.object_prefix,
        fan_out_bytes=settings.fan_out_bytes,
        loopback=settings.loopback_origins,
    )


@task
def handler(event: Event, context: Any) -> Outcome:
    """Event `{"executionArn"}`; answers `{"outcome"}`: STORED, PLANNED with `slices`, or FAILED with `error`."""
    seconds = context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    outcome = wire()(event["executionArn"], seconds)
    log.info("Copied", executionArn=event["executionArn"], outcome=str(outcome["outcome"]))
    return outcome
