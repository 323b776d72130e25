"""A bus of EventBridge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass
class FakeEventBus:
    """The event bus: `events` holds detail, resource and time of each event; `errors` are raised first."""

    events: list[tuple[Mapping[str, object], str, float]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    attempts: int = 0
    before_call: Callable[[str], None] = lambda _operation: None

    def put(self, detail: Mapping[str, object], *, resource: str, time: float) -> None:
        self.before_call("event_bus.put")
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        self.events.append((detail, resource, time))
