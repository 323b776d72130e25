"""The items of callers in the Downloads table."""

# ruff: noqa: ARG002  (the port defines the parameters)

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from runtime.models import Caller, Place


class FakeCallers:
    """Keeps the running downloads and the daily bytes of each caller."""

    def __init__(self) -> None:
        self.items: dict[str, Caller] = {}
        self.bytes: Counter[tuple[str, str]] = Counter()
        self.calls: list[str] = []

    def add(self, caller: str, download_id: str, *, limit: int, expires_at: int) -> Place:
        self.calls.append("add")
        item = self.items.get(caller) or Caller(frozenset())
        if download_id in item.running:
            return Place.HELD
        if len(item.running) >= limit:
            return Place.REFUSED
        self.items[caller] = replace(item, running=item.running | {download_id})
        return Place.ADDED

    def remove(self, caller: str, download_id: str) -> bool:
        self.calls.append("remove")
        if caller not in self.items or download_id not in self.items[caller].running:
            return False
        item = self.items[caller]
        self.items[caller] = replace(item, running=item.running - {download_id})
        return True

    def get_bytes(self, caller: str, day: str) -> int:
        self.calls.append("get_bytes")
        return self.bytes[caller, day]

    def add_bytes(self, caller: str, day: str, size: int, *, expires_at: int) -> None:
        self.calls.append("add_bytes")
        self.bytes[caller, day] += size

    def get(self, caller: str) -> Caller | None:
        self.calls.append("get")
        return self.items.get(caller)

    def claim_check(self, caller: str, *, now: float, before: float) -> bool:
        self.calls.append("claim_check")
        item = self.items.get(caller)
        if item is None or item.checked_at > int(before):
            return False
        self.items[caller] = replace(item, checked_at=int(now))
        return True
