"""What the emulator's IAM decided meanwhile, as `judge` notes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from integration_tests.support.waiting import NeverCameError, wait_for

QUIET_SECONDS = 0.4


class Decision(NamedTuple):
    """A role, what it wanted to do, and whether it might."""

    role: str
    action: str
    allowed: bool


class Witness:
    """Reads the notes, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def news(self) -> set[Decision]:
        """What was decided since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            whole, _, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + 1 if whole else 0
        return {Decision(**json.loads(line)) for line in whole.splitlines()}

    def settled(self) -> set[Decision]:
        """What is decided until nothing more is for a while: journeys end before all that they have set off."""
        seen: set[Decision] = set()

        def more() -> int:
            seen.update(self.news())
            return self._read

        before = -1
        while before != (before := more()):
            try:
                wait_for(more, QUIET_SECONDS, until=lambda now: now != before)
            except NeverCameError:
                break
        return seen

    def saw_denied(self, role: str, actions: set[str], patience: float) -> bool:
        """Whether a role was refused one of these actions since the last news, or is soon."""

        def denied() -> bool:
            return any(each.role == role and each.action in actions and not each.allowed for each in self.news())

        try:
            return wait_for(denied, patience)
        except NeverCameError:
            return False
