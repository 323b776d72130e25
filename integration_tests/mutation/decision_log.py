"""Read the decisions of the emulator's IAM, as `decision_recorder` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from integration_tests.support.waiting import WaitTimeoutError, wait_for

QUIET_SECONDS = 0.4


class Decision(NamedTuple):
    """A decision of IAM about an action of a role."""

    role: str
    action: str
    allowed: bool


class DecisionLog:
    """Reads each decision once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read_new(self) -> set[Decision]:
        """Return the decisions since the last call."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            lines, _, _ = file.read().rpartition(b"\n")
        self._offset += len(lines) + 1 if lines else 0
        return {Decision(**json.loads(line)) for line in lines.splitlines()}

    def read_until_quiet(self) -> set[Decision]:
        """Return new decisions until none comes for 0.4 s: a journey ends before all functions that it started."""
        decisions: set[Decision] = set()

        def read_offset() -> int:
            decisions.update(self.read_new())
            return self._offset

        before = -1
        while before != (before := read_offset()):
            try:
                wait_for(read_offset, QUIET_SECONDS, until=lambda offset: offset != before)
            except WaitTimeoutError:
                break
        return decisions

    def wait_for_denial(self, role: str, actions: set[str], seconds: float) -> bool:
        """Return whether a new decision denies the role one of the actions, now or within so many seconds."""

        def denied() -> bool:
            return any(
                decision.role == role and decision.action in actions and not decision.allowed
                for decision in self.read_new()
            )

        try:
            return wait_for(denied, seconds)
        except WaitTimeoutError:
            return False
