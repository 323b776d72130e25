"""The Copies table. The state machine itself adds the task tokens of waiting downloads, in its state `AwaitCopy`."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import items, tables
from runtime.adapters.expressions import Attribute, Update, any_of, build
from runtime.adapters.items import Item, number, text
from runtime.models import Claim

_LEADER = Attribute("leader")
_EXPIRES = Attribute("expiresAt")


@dataclass(frozen=True)
class DynamoCopies:
    """`ports.Copies`."""

    table: str

    def claim(self, file_id: str, leader: str, *, now: float, expires_at: int, instead_of: str | None = None) -> Claim:
        """Become the leader, or return the current one. Downloads that wait for a replaced leader wait for the next."""
        while True:
            if self._take(file_id, leader, now, expires_at, instead_of):
                return Claim(leader)
            answer = tables.send("get_item", TableName=self.table, Key=_key(file_id), ConsistentRead=True) or {}
            if item := items.readable(answer):
                return Claim(item["leader"]["S"], len(_tokens(item)))

    def finish(self, file_id: str, leader: str) -> list[str]:
        """Mark the copy as finished, so that `AwaitCopy` does not wait any more; return the waiting task tokens."""
        expressions = build(Update(set={"finished": {"BOOL": True}}, remove=("waiting",)), _LEADER.equals(text(leader)))
        key = _key(file_id)
        answer = tables.send("update_item", TableName=self.table, Key=key, ReturnValues="ALL_OLD", **expressions)
        return _tokens((answer or {}).get("Attributes", {}))

    def release(self, file_id: str, leader: str) -> list[str]:
        """Delete the claim; return the waiting task tokens."""
        condition = build(condition=_LEADER.equals(text(leader)))
        key = _key(file_id)
        answer = tables.send("delete_item", TableName=self.table, Key=key, ReturnValues="ALL_OLD", **condition)
        return _tokens((answer or {}).get("Attributes", {}))

    def _take(self, file_id: str, leader: str, now: float, expires_at: int, instead_of: str | None) -> bool:
        changes = {"leader": text(leader), "expiresAt": number(expires_at)}
        update = Update(set=changes, set_if_absent=items.SCHEMA, remove=("finished",))
        condition = any_of(
            _LEADER.is_absent(),
            _EXPIRES.is_at_most(number(int(now))),
            _LEADER.is_in(text(leader), text(instead_of or leader)),
        )
        expressions = build(update, condition)
        return tables.send("update_item", TableName=self.table, Key=_key(file_id), **expressions) is not None


def _key(file_id: str) -> Item:
    return {"fileId": text(file_id)}


def _tokens(item: Item) -> list[str]:
    return [token["S"] for token in item.get("waiting", {}).get("L", ())]
