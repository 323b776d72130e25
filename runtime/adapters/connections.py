"""The Connections table, and the transaction that adds a connection to its download."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import items, tables
from runtime.adapters.expressions import Attribute, Update, any_of, build
from runtime.adapters.items import Item, number, text
from runtime.models import Connection

_ID = Attribute("connectionId")
_USED = Attribute("usedAt")
_DOWNLOAD_EXPIRES = Attribute("expiresAt")
_DOWNLOAD_TICKETS = Attribute("ticketHashes")
_DOWNLOAD_CONNECTIONS = Attribute("connectionIds")


@dataclass(frozen=True)
class DynamoConnections:
    """`ports.Connections`. Only `open` needs the other table's name."""

    table: str
    downloads_table: str

    def open(self, connection: Connection, *, ticket_hash: str, limit: int, now: float) -> bool:
        """Put the connection and add it to its download, if that is live, below the limit and has the ticket."""
        has_room = any_of(
            _DOWNLOAD_CONNECTIONS.is_absent(),
            _DOWNLOAD_CONNECTIONS.has_fewer_than(number(limit)),
            _DOWNLOAD_CONNECTIONS.contains(text(connection.connection_id)),
        )
        is_live = _DOWNLOAD_EXPIRES.is_above(number(int(now)))
        condition = is_live & _DOWNLOAD_TICKETS.contains(text(ticket_hash)) & has_room
        add = Update(add={"connectionIds": {"SS": [connection.connection_id]}})
        key = {"executionArn": text(connection.execution_arn)}
        put = {"TableName": self.table, "Item": items.connection_item(connection)}
        update = {"TableName": self.downloads_table, "Key": key, **build(add, condition)}
        return tables.send("transact_write_items", TransactItems=[{"Put": put}, {"Update": update}]) is not None

    def get(self, connection_id: str) -> Connection | None:
        """Read the item, strongly consistent."""
        answer = tables.send("get_item", TableName=self.table, Key=_key(connection_id), ConsistentRead=True) or {}
        item = items.readable(answer)
        return items.connection_of(item) if item else None

    def delete(self, connection_id: str) -> Connection | None:
        """Delete the item and return its content."""
        answer = tables.send("delete_item", TableName=self.table, Key=_key(connection_id), ReturnValues="ALL_OLD") or {}
        return items.connection_of(answer["Attributes"]) if "Attributes" in answer else None

    def use(self, connection_id: str, *, now: float) -> bool:
        """Record when its client last sent a message."""
        expressions = build(Update(set={"usedAt": number(int(now * 1000))}), _ID.exists())
        return tables.send("update_item", TableName=self.table, Key=_key(connection_id), **expressions) is not None

    def delete_idle(self, connection_id: str, *, since: float) -> bool:
        """Delete the item unless its client has sent a message since."""
        expressions = build(condition=any_of(_USED.is_absent(), _USED.is_below(number(int(since * 1000)))))
        return tables.send("delete_item", TableName=self.table, Key=_key(connection_id), **expressions) is not None


def _key(connection_id: str) -> Item:
    return {"connectionId": text(connection_id)}
