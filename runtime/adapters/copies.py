"""The Copies table. The state machine itself adds the task tokens of those that wait: see `AwaitCopy`."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import tables
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
        """Become the leader, or say who is. Who waits for a leader that is replaced goes on waiting for the new one."""
        while True:
            if self._take(file_id, leader, now, expires_at, instead_of):
                return Claim(leader)
            item = tables.call("GetItem", lambda: tables.dynamodb().get_item(**self._key(file_id), ConsistentRead=True))
            if "Item" in item:
                waiting = item["Item"].get("waiting", {}).get("L", ())
                return Claim(item["Item"]["leader"]["S"], len(waiting))

    def finish(self, file_id: str, leader: str) -> list[str]:
        """Nobody waits any more: `AwaitCopy` sees `finished` and does not begin to."""
        update = Update(set={"finished": {"BOOL": True}}, remove=("waiting",))
        expressions = build(update, _LEADER.equals(text(leader)))
        request = self._key(file_id) | expressions | {"ReturnValues": "ALL_OLD"}
        return _tokens(tables.answer("UpdateItem", lambda: tables.dynamodb().update_item(**request)))

    def release(self, file_id: str, leader: str) -> list[str]:
        """Delete the claim."""
        request = self._key(file_id) | build(condition=_LEADER.equals(text(leader))) | {"ReturnValues": "ALL_OLD"}
        return _tokens(tables.answer("DeleteItem", lambda: tables.dynamodb().delete_item(**request)))

    def _take(self, file_id: str, leader: str, now: float, expires_at: int, instead_of: str | None) -> bool:
        update = Update(set={"leader": text(leader), "expiresAt": number(expires_at)}, remove=("finished",))
        condition = any_of(
            _LEADER.is_absent(),
            _EXPIRES.is_at_most(number(int(now))),
            _LEADER.is_in(text(leader), text(instead_of or leader)),
        )
        request = self._key(file_id) | build(update, condition)
        return tables.holds("UpdateItem", lambda: tables.dynamodb().update_item(**request))

    def _key(self, file_id: str) -> Item:
        return {"TableName": self.table, "Key": {"fileId": text(file_id)}}


def _tokens(answer: Item | None) -> list[str]:
    waiting = (answer or {}).get("Attributes", {}).get("waiting", {}).get("L", ())
    return [token["S"] for token in waiting]
