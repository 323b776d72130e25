"""What the engine did, or would do, to which resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pulumi.automation import EngineEvent


class Change(NamedTuple):
    """One step: `update`, `aws:lambda/function:Function`, `files-copy`."""

    operation: str
    type: str
    name: str


def changes_of(operation: Callable[..., Any], **options: Any) -> set[Change]:
    """Run `stack.up`, `preview`, `refresh` or `destroy` and collect the steps that change something."""
    found: set[Change] = set()

    def look(event: EngineEvent) -> None:
        seen = event.resource_pre_event or event.res_outputs_event
        if seen is not None:
            step = seen.metadata
            if step.op not in ("same", "refresh", "read"):
                found.add(Change(str(getattr(step.op, "value", step.op)), step.type, step.urn.rsplit("::", 1)[-1]))

    operation(on_event=look, **options)
    return found
