"""The items of callers in the Downloads table."""

# ruff: noqa: ARG002  (the port says what each method takes)

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from runtime.models import Caller


class FakeCallers:
    """Keeps the running downloads of each caller."""

    def __init__(self) -> None:
        self.items: dict[str, Caller] = {}
        self.bytes: Counter[tuple[str, str]] = Counter()
        self.calls: list[str] = []

    def add(self, caller: str, download_id: str, *, limit: int, expires_at: int) -> bool:
        self.calls.append("add")
        item = self.items.get(caller) or Caller(frozenset())
        if len(item.running) >= limit and download_id not in item.running:
            return False
        self.items[caller] = replace(item, running=item.running | {download_id})
        return True

    def remove(self, caller: str, download_id: str) -> bool:
        self.calls.append("remove")
        there = caller in self.items and download_id in self.items[caller].running
        return there and self._remove(caller, [download_id])

    def get_bytes(self, caller: str, day: str) -> int:
        self.calls.append("get_bytes")
        return self.bytes[caller, day]

    def add_bytes(self, caller: str, day: str, size: int, *, expires_at: int) -> None:
        self.calls.append("add_bytes")
        self.bytes[caller, day] += size

    def get(self, caller: str) -> Caller | None:
        self.calls.append("get")
        return self.items.get(caller)

    def record_check(self, caller: str, ended: Sequence[str], *, now: float) -> bool:
        self.calls.append("record_check")
        if caller in self.items:
            self.items[caller] = replace(self.items[caller], checked_at=int(now))
        return self._remove(caller, ended)

    def _remove(self, caller: str, download_ids: Sequence[str]) -> bool:
        item = self.items.get(caller)
        if item is not None:
            self.items[caller] = replace(item, running=item.running - set(download_ids))
        return item is not None
