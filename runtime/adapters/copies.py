"""The Copies table. The state machine itself adds the task tokens of those that wait: see `AwaitCopy`."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import tables
from runtime.adapters.rows import Item, number, text
from runtime.models import Claim


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
        request = self._own(file_id, leader)
        request |= {"UpdateExpression": "SET finished = :yes REMOVE waiting", "ReturnValues": "ALL_OLD"}
        request["ExpressionAttributeValues"] |= {":yes": {"BOOL": True}}
        return _tokens(tables.answer("UpdateItem", lambda: tables.dynamodb().update_item(**request)))

    def release(self, file_id: str, leader: str) -> list[str]:
        """Delete the claim."""
        request = self._own(file_id, leader) | {"ReturnValues": "ALL_OLD"}
        return _tokens(tables.answer("DeleteItem", lambda: tables.dynamodb().delete_item(**request)))

    def _take(self, file_id: str, leader: str, now: float, expires_at: int, instead_of: str | None) -> bool:
        values = {
            ":leader": text(leader),
            ":expires": number(expires_at),
            ":now": number(int(now)),
            ":old": text(instead_of or leader),
        }
        request = self._key(file_id) | {
            "UpdateExpression": "SET leader = :leader, expiresAt = :expires REMOVE finished",
            "ConditionExpression": (
                "attribute_not_exists(leader) OR expiresAt <= :now OR leader = :leader OR leader = :old"
            ),
            "ExpressionAttributeValues": values,
        }
        return tables.holds("UpdateItem", lambda: tables.dynamodb().update_item(**request))

    def _own(self, file_id: str, leader: str) -> Item:
        values = {":leader": text(leader)}
        return self._key(file_id) | {
            "ConditionExpression": "leader = :leader",
            "ExpressionAttributeValues": values,
        }

    def _key(self, file_id: str) -> Item:
        return {"TableName": self.table, "Key": {"fileId": text(file_id)}}


def _tokens(answer: Item | None) -> list[str]:
    waiting = (answer or {}).get("Attributes", {}).get("waiting", {}).get("L", ())
    return [token["S"] for token in waiting]
