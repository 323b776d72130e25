"""The Copies table."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.models import Claim


@dataclass
class CopyItem:
    """An item of the Copies table."""

    leader: str
    expires_at: int
    waiting: list[str] = field(default_factory=list)
    finished: bool = False


class FakeCopies:
    """The Copies table in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, CopyItem] = {}

    def claim(self, file_id: str, leader: str, *, now: float, expires_at: int, instead_of: str | None = None) -> Claim:
        row = self.rows.setdefault(file_id, CopyItem(leader, expires_at))
        if row.leader not in (leader, instead_of) and row.expires_at > now:
            return Claim(row.leader, len(row.waiting))
        row.leader, row.expires_at, row.finished = leader, expires_at, False
        return Claim(leader)

    def finish(self, file_id: str, leader: str) -> list[str]:
        row = self.rows.get(file_id)
        if row is None or row.leader != leader:
            return []
        row.finished, tokens = True, row.waiting
        row.waiting = []
        return tokens

    def release(self, file_id: str, leader: str) -> list[str]:
        row = self.rows.get(file_id)
        return self.rows.pop(file_id).waiting if row is not None and row.leader == leader else []

    def wait(self, file_id: str, token: str) -> bool:
        """Do what the state `AwaitCopy` does; return False if there is nothing to wait for."""
        row = self.rows.get(file_id)
        if row is None or row.finished:
            return False
        row.waiting.append(token)
        return True
