"""Forget a connection: two item operations by key, whatever the tables hold."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.ports import Connections, Downloads


@dataclass(frozen=True)
class Disconnect:
    """The download, and its result, stay."""

    downloads: Downloads
    connections: Connections

    def run(self, connection_id: str) -> None:
        """Delete the connection's row and take its id out of its download's."""
        connection = self.connections.delete(connection_id)
        if connection is not None:
            self.downloads.remove_connection(connection.execution_arn, connection_id)
