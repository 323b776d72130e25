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
from runtime.handlers.boundary import Event, task
from runtime.logic.copy import Copy, Outcome
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


@cache
def wire() -> Copy:
    """The use case on AWS."""
    settings = config.load(Settings)
    return Copy(
        downloads=DynamoDownloads(settings.downloads_table),
        objects=S3Objects(settings.bucket),
        origins=HttpOrigins(),
        secrets=SecretsManager(),
        clock=SystemClock(),
        configured=settings.origins,
        object_prefix=settings.object_prefix,
        loopback=settings.loopback_origins,
    )


@task
def handler(event: Event, context: Any) -> Outcome:
    """Event `{"executionArn"}`; answers `{"outcome": "STORED"}` or `{"outcome": "FAILED", "error": {...}}`."""
    seconds = context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    outcome = wire()(event["executionArn"], seconds)
    log.info("Copied", executionArn=event["executionArn"], outcome=str(outcome["outcome"]))
    return outcome
