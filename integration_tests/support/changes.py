"""The changes of resources that an operation of the engine makes or previews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pulumi.automation import EngineEvent


class Change(NamedTuple):
    """One change: `update`, `aws:lambda/function:Function`, `files-copy`."""

    operation: str
    type: str
    name: str


def changes_of(operation: Callable[..., Any], **options: Any) -> set[Change]:
    """Run `stack.up`, `preview`, `refresh` or `destroy` and collect the steps that change something."""
    changes: set[Change] = set()

    def collect(event: EngineEvent) -> None:
        details = event.resource_pre_event or event.res_outputs_event
        if details is not None:
            step = details.metadata
            if step.op not in ("same", "refresh", "read"):
                changes.add(Change(str(getattr(step.op, "value", step.op)), step.type, step.urn.rsplit("::", 1)[-1]))

    operation(on_event=collect, **options)
    return changes
