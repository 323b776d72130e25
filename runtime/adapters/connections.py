"""The Connections table, and the transaction that ties a connection to its download."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import items, tables
from runtime.adapters.expressions import Attribute, Update, any_of, build
from runtime.adapters.items import number, text
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
        """Put the connection and add it to its live download, below the limit and while the ticket counts."""
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
        return tables.holds(
            "TransactWriteItems",
            lambda: tables.dynamodb().transact_write_items(TransactItems=[{"Put": put}, {"Update": update}]),
        )

    def get(self, connection_id: str) -> Connection | None:
        """Read the row, strongly consistent."""
        key = {"connectionId": text(connection_id)}
        answer = tables.call(
            "GetItem", lambda: tables.dynamodb().get_item(TableName=self.table, Key=key, ConsistentRead=True)
        )
        return items.connection_of(answer["Item"]) if "Item" in answer else None

    def delete(self, connection_id: str) -> Connection | None:
        """Delete the row and say what was in it."""
        key = {"connectionId": text(connection_id)}
        answer = tables.call(
            "DeleteItem",
            lambda: tables.dynamodb().delete_item(TableName=self.table, Key=key, ReturnValues="ALL_OLD"),
        )
        return items.connection_of(answer["Attributes"]) if "Attributes" in answer else None

    def use(self, connection_id: str, *, now: float) -> bool:
        """Note when its client last said something."""
        key = {"connectionId": text(connection_id)}
        expressions = build(Update(set={"usedAt": number(int(now * 1000))}), _ID.exists())
        request = {"TableName": self.table, "Key": key} | expressions
        return tables.holds("UpdateItem", lambda: tables.dynamodb().update_item(**request))

    def delete_idle(self, connection_id: str, *, since: float) -> bool:
        """Delete the row unless it was used since."""
        key = {"connectionId": text(connection_id)}
        expressions = build(condition=any_of(_USED.is_absent(), _USED.is_below(number(int(since * 1000)))))
        request = {"TableName": self.table, "Key": key} | expressions
        return tables.holds("DeleteItem", lambda: tables.dynamodb().delete_item(**request))
