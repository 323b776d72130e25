"""State machine: copy one download into the bucket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config, log, steps
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.copies import DynamoCopies
from runtime.config import Amount
from runtime.handlers.boundary import Event, task
from runtime.handlers.shared.copying import CopyingSettings, build_adapters
from runtime.logic.copying.copy import Copy
from runtime.logic.copying.outcome import Outcome, log_fields
from runtime.logic.copying.reuse import Reuse

SPARE_SECONDS = 30.0  # to abort and to answer, before Lambda ends the worker


@dataclass(frozen=True, kw_only=True)
class Settings(CopyingSettings):
    """The environment variables."""

    fan_out_bytes: Amount
    max_file_bytes: int
    copies_table: str = ""
    reuse_seconds: int = 0


@cache
def build_use_case() -> Copy:
    """Build the use case on AWS."""
    settings, clock = config.load(Settings), SystemClock()
    downloads, objects, sockets, fetch_builder = build_adapters(settings)
    copies, seconds = DynamoCopies(settings.copies_table), settings.reuse_seconds
    return Copy(
        downloads=downloads,
        objects=objects,
        sockets=sockets,
        clock=clock,
        fetch_builder=fetch_builder,
        object_prefix=settings.object_prefix,
        fan_out_bytes=settings.fan_out_bytes,
        max_file_bytes=settings.max_file_bytes,
        reuse=Reuse(copies, downloads, objects, clock, seconds) if seconds else None,
    )


startup.run(build_use_case)


@task
def handler(event: Event, context: Any) -> Outcome:
    """Event `{"executionArn"}`; return `{"outcome"}` as `Copy.run` does."""
    seconds = context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    outcome = build_use_case().run(event["executionArn"], seconds)
    log.write(steps.COPY_ENDED, **log_fields(outcome))
    return outcome
