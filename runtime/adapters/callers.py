"""The items of callers in the Downloads table: `caller:iam:arn:...` is their key, which no execution's ARN can be.

If the bytes of a day are limited, each day has an item of its own: `caller:iam:arn:...:2026-11-28`.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import items, tables
from runtime.adapters.expressions import Attribute, Update, any_of, build
from runtime.adapters.items import Item, number, text
from runtime.models import Caller, Place

_KEY = Attribute("executionArn")
_RUNNING = Attribute("running")
_CHECKED = Attribute("checkedAt")


@dataclass(frozen=True)
class DynamoCallers:
    """`ports.Callers`: every method sends one request for one item."""

    table: str

    def add(self, caller: str, download_id: str, *, limit: int, expires_at: int) -> Place:
        """Add a running download, unless as many others run as the limit allows."""
        changes = {"expiresAt": number(expires_at)}
        update = Update(set=changes, set_if_absent=items.SCHEMA, add={"running": {"SS": [download_id]}})
        has_room = any_of(
            _RUNNING.is_absent(), _RUNNING.has_fewer_than(number(limit)), _RUNNING.contains(text(download_id))
        )
        answer = tables.send(
            "update_item",
            TableName=self.table,
            Key=_key(caller),
            ReturnValues="ALL_OLD",
            **build(update, has_room),
        )
        if answer is None:
            return Place.REFUSED
        return Place.HELD if download_id in _running(answer.get("Attributes", {})) else Place.ADDED

    def remove(self, caller: str, download_id: str) -> bool:
        """Remove a download that has ended."""
        expressions = build(Update(delete={"running": {"SS": [download_id]}}), _RUNNING.contains(text(download_id)))
        return tables.send("update_item", TableName=self.table, Key=_key(caller), **expressions) is not None

    def get_bytes(self, caller: str, day: str) -> int:
        """Read how many bytes were copied on a day, strongly consistent."""
        key = _key(f"{caller}:{day}")
        answer = tables.send("get_item", TableName=self.table, Key=key, ConsistentRead=True) or {}
        return int((items.readable(answer) or {}).get("copiedBytes", {}).get("N", 0))

    def add_bytes(self, caller: str, day: str, size: int, *, expires_at: int) -> None:
        """Add to the bytes that were copied on a day, in the item of that day."""
        changes = {"expiresAt": number(expires_at)}
        update = Update(set=changes, set_if_absent=items.SCHEMA, add={"copiedBytes": number(size)})
        tables.send("update_item", TableName=self.table, Key=_key(f"{caller}:{day}"), **build(update))

    def get(self, caller: str) -> Caller | None:
        """Read the item, strongly consistent."""
        answer = tables.send("get_item", TableName=self.table, Key=_key(caller), ConsistentRead=True) or {}
        item = items.readable(answer)
        return None if item is None else Caller(_running(item), int(item.get("checkedAt", {}).get("N", 0)))

    def claim_check(self, caller: str, *, now: float, before: float) -> bool:
        """Record when all downloads were checked, unless another call has just done so."""
        is_due = any_of(_CHECKED.is_absent(), _CHECKED.is_at_most(number(int(before))))
        expressions = build(Update(set={"checkedAt": number(int(now))}), _KEY.exists() & is_due)
        return tables.send("update_item", TableName=self.table, Key=_key(caller), **expressions) is not None


def _running(item: Item) -> frozenset[str]:
    return frozenset(item.get("running", {}).get("SS", ()))


def _key(caller: str) -> Item:
    return {"executionArn": text(f"caller:{caller}")}
