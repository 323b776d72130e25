"""State machine: copy one slice of a large file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.handlers.boundary import Event, task
from runtime.handlers.shared.copying import CopyingSettings, build_adapters
from runtime.logic.slices.copy_slice import CopySlice

SECONDS = 120.0  # two workers, one after the other, fit in the five minutes of an Express execution


@dataclass(frozen=True, kw_only=True)
class Settings(CopyingSettings):
    """The environment variables."""

    copy_concurrency: int


@cache
def build_use_case() -> CopySlice:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, objects, sockets, fetch_builder = build_adapters(settings)
    return CopySlice(
        downloads=downloads,
        objects=objects,
        sockets=sockets,
        clock=SystemClock(),
        fetch_builder=fetch_builder,
        object_prefix=settings.object_prefix,
        concurrency=settings.copy_concurrency,
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> dict[str, object]:
    """Event `{"executionArn", "slice"}`; return `{}`, because the answers of all slices add up in one state."""
    build_use_case().run(event["executionArn"], int(event["slice"]), SECONDS)
    return {}
