"""The items of callers in the Downloads table: `caller:iam:arn:...` is their key, which no execution's ARN can be.

Where bytes a day are limited there is one more for each day: `caller:iam:arn:...:2026-11-28`.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import tables
from runtime.adapters.expressions import Attribute, Update, any_of, build
from runtime.adapters.items import Item, number, text
from runtime.models import Caller, Place

_KEY = Attribute("executionArn")
_RUNNING = Attribute("running")
_CHECKED = Attribute("checkedAt")


@dataclass(frozen=True)
class DynamoCallers:
    """`ports.Callers`: every method is one request on one item."""

    table: str

    def add(self, caller: str, download_id: str, *, limit: int, expires_at: int) -> Place:
        """Add a running download, unless as many others run as the limit allows."""
        update = Update(set={"expiresAt": number(expires_at)}, add={"running": {"SS": [download_id]}})
        room = any_of(
            _RUNNING.is_absent(), _RUNNING.has_fewer_than(number(limit)), _RUNNING.contains(text(download_id))
        )
        request = {"TableName": self.table} | _key(caller) | build(update, room) | {"ReturnValues": "ALL_OLD"}
        answer = tables.answer("UpdateItem", lambda: tables.dynamodb().update_item(**request))
        if answer is None:
            return Place.REFUSED
        return Place.HELD if download_id in _running(answer.get("Attributes", {})) else Place.ADDED

    def remove(self, caller: str, download_id: str) -> bool:
        """Remove a download that has ended."""
        update = Update(delete={"running": {"SS": [download_id]}})
        request = {"TableName": self.table} | _key(caller) | build(update, _RUNNING.contains(text(download_id)))
        return tables.holds("UpdateItem", lambda: tables.dynamodb().update_item(**request))

    def get_bytes(self, caller: str, day: str) -> int:
        """Read how many bytes were copied on a day, strongly consistent."""
        request = {"TableName": self.table} | _key(f"{caller}:{day}") | {"ConsistentRead": True}
        item = tables.call("GetItem", lambda: tables.dynamodb().get_item(**request)).get("Item", {})
        return int(item.get("copiedBytes", {}).get("N", 0))

    def add_bytes(self, caller: str, day: str, size: int, *, expires_at: int) -> None:
        """Add to the bytes that were copied on a day, in an item of that day."""
        update = Update(set={"expiresAt": number(expires_at)}, add={"copiedBytes": number(size)})
        request = {"TableName": self.table} | _key(f"{caller}:{day}") | build(update)
        tables.call("UpdateItem", lambda: tables.dynamodb().update_item(**request))

    def get(self, caller: str) -> Caller | None:
        """Read the item, strongly consistent."""
        request = {"TableName": self.table} | _key(caller) | {"ConsistentRead": True}
        item = tables.call("GetItem", lambda: tables.dynamodb().get_item(**request)).get("Item")
        if item is None:
            return None
        return Caller(_running(item), int(item.get("checkedAt", {}).get("N", 0)))

    def claim_check(self, caller: str, *, now: float, before: float) -> bool:
        """Record when all downloads were checked, unless somebody else has just done so."""
        update = Update(set={"checkedAt": number(int(now))})
        due = any_of(_CHECKED.is_absent(), _CHECKED.is_at_most(number(int(before))))
        request = {"TableName": self.table} | _key(caller) | build(update, _KEY.exists() & due)
        return tables.holds("UpdateItem", lambda: tables.dynamodb().update_item(**request))


def _running(item: Item) -> frozenset[str]:
    return frozenset(item.get("running", {}).get("SS", ()))


def _key(caller: str) -> Item:
    return {"Key": {"executionArn": text(f"caller:{caller}")}}
