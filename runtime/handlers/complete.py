"""State machine: after a batch of slices, return the next batch, or make one object of all parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config, log, steps
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.objects import S3Objects
from runtime.handlers.boundary import Event, task
from runtime.logic.copying.outcome import Outcome, log_fields
from runtime.logic.slices.complete import Complete


@dataclass(frozen=True)
class Settings:
    """The environment variables."""

    downloads_table: str
    bucket: str
    object_prefix: str


@cache
def build_use_case() -> Complete:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, objects = DynamoDownloads(settings.downloads_table), S3Objects(settings.bucket)
    startup.prepare(downloads, objects)
    return Complete(
        downloads=downloads,
        objects=objects,
        clock=SystemClock(),
        object_prefix=settings.object_prefix,
    )


startup.run(build_use_case)


@task
def handler(event: Event, _context: Any) -> Outcome:
    """Event `{"executionArn", "slices", "results"}` of a Map; return `{"outcome"}` as `Complete` says."""
    slices = [int(index) for index in event["slices"]]
    outcome = build_use_case().run(event["executionArn"], slices, throttled_slices(event.get("results")))
    log.write(steps.SLICES_CHECKED, slices=len(slices), **log_fields(outcome))
    return outcome


def throttled_slices(results: object) -> set[int]:
    """Return the slices that children of the Map name: `[{}, {"slice": 3}]` -> `{3}`.

    A child answers `{}` for a slice that is copied, and names a slice whose function was throttled.
    """
    children = results if isinstance(results, list) else []
    return {int(child["slice"]) for child in children if isinstance(child, dict) and "slice" in child}
