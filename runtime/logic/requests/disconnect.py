"""Removes a connection with two operations by key, at any size of the tables."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import log, steps
from runtime.ports import Connections, Downloads


@dataclass(frozen=True)
class Disconnect:
    """Removes a connection. The download and its result stay."""

    downloads: Downloads
    connections: Connections

    def run(self, connection_id: str) -> None:
        """Delete the connection's item and remove its id from the download's item."""
        connection = self.connections.delete(connection_id)
        if connection is None:  # it was removed before, when a push found it gone
            return
        log.set_execution(connection.execution_arn)
        self.downloads.remove_connection(connection.execution_arn, connection_id)
        log.write(steps.DISCONNECTED, connectionId=connection_id)
