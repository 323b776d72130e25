"""The Connections table, and the transaction that ties a connection to its download."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import rows, tables
from runtime.adapters.rows import number, text
from runtime.models import Connection


@dataclass(frozen=True)
class DynamoConnections:
    """`ports.Connections`. Only `open` needs the other table's name."""

    table: str
    downloads_table: str

    def open(self, connection: Connection, *, ticket_hash: str, limit: int, now: float) -> bool:
        """Put the connection and add it to its live download, below the limit and while the ticket counts."""
        room = "attribute_not_exists(connectionIds) OR size(connectionIds) < :limit OR contains(connectionIds, :id)"
        put = {"TableName": self.table, "Item": rows.connection_item(connection)}
        update = {
            "TableName": self.downloads_table,
            "Key": {"executionArn": text(connection.execution_arn)},
            "UpdateExpression": "ADD connectionIds :ids",
            "ConditionExpression": f"expiresAt > :now AND contains(ticketHashes, :hash) AND ({room})",
            "ExpressionAttributeValues": {
                ":ids": {"SS": [connection.connection_id]},
                ":id": text(connection.connection_id),
                ":now": number(int(now)),
                ":hash": text(ticket_hash),
                ":limit": number(limit),
            },
        }
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
        return rows.connection_of(answer["Item"]) if "Item" in answer else None

    def delete(self, connection_id: str) -> Connection | None:
        """Delete the row and say what was in it."""
        key = {"connectionId": text(connection_id)}
        answer = tables.call(
            "DeleteItem",
            lambda: tables.dynamodb().delete_item(TableName=self.table, Key=key, ReturnValues="ALL_OLD"),
        )
        return rows.connection_of(answer["Attributes"]) if "Attributes" in answer else None

    def use(self, connection_id: str, *, now: float) -> bool:
        """Note when its client last said something."""
        request = {
            "TableName": self.table,
            "Key": {"connectionId": text(connection_id)},
            "UpdateExpression": "SET usedAt = :at",
            "ConditionExpression": "attribute_exists(connectionId)",
            "ExpressionAttributeValues": {":at": number(int(now * 1000))},
        }
        return tables.holds("UpdateItem", lambda: tables.dynamodb().update_item(**request))

    def delete_idle(self, connection_id: str, *, since: float) -> bool:
        """Delete the row unless it was used since."""
        request = {
            "TableName": self.table,
            "Key": {"connectionId": text(connection_id)},
            "ConditionExpression": "attribute_not_exists(usedAt) OR usedAt < :since",
            "ExpressionAttributeValues": {":since": number(int(since * 1000))},
        }
        return tables.holds("DeleteItem", lambda: tables.dynamodb().delete_item(**request))
