"""Closes the sockets of a finished download whose clients send nothing; sockets in use are checked again later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runtime import log, parallel, steps
from runtime.backoff import pause
from runtime.errors import ConnectionGoneError, ServiceError
from runtime.ports import Clock, Connections, Downloads, IdleCloser, Sockets

_TRIES = 3


class Closed(StrEnum):
    """The result for one socket."""

    CLOSED = "closed"
    GONE = "gone"
    IN_USE = "inUse"


@dataclass(frozen=True)
class Close:
    """Deletes the item first, on condition that the socket is idle, so that a client in use is not disconnected.

    The sockets are older than ten seconds, so that 410 means gone.
    """

    downloads: Downloads
    connections: Connections
    sockets: Sockets
    clock: Clock
    idle_closer: IdleCloser

    def run(self, execution_arn: str, connection_ids: Sequence[str], since: float) -> dict[str, int]:
        """Close the idle sockets. Return how many were closed, gone already, or in use.

        Raises:
            ServiceError: a table failed; another call does no harm.
        """
        now = self.clock.now()
        results = parallel.map_each(lambda key: self._close(execution_arn, key, since), connection_ids)
        gone, in_use = (
            [key for key, result in zip(connection_ids, results, strict=True) if result is kind]
            for kind in (Closed.GONE, Closed.IN_USE)
        )
        self._remove(execution_arn, gone)
        if in_use:
            self.idle_closer.start(execution_arn, in_use, since=now)
        counts = {str(kind): results.count(kind) for kind in Closed}
        log.write(steps.IDLE_CLOSED, **counts)
        return counts

    def _close(self, execution_arn: str, connection_id: str, since: float) -> Closed:
        connection = self.connections.get(connection_id)
        if connection is None or connection.execution_arn != execution_arn:
            return Closed.GONE
        if not self.connections.delete_idle(connection_id, since=since):
            return Closed.IN_USE
        closed = self._close_socket(connection_id)
        self.downloads.remove_connection(execution_arn, connection_id)  # last: a repeated call finds no item
        return closed

    def _remove(self, execution_arn: str, gone: list[str]) -> None:
        """Remove ids from the download's item whose own item was deleted before."""
        download = self.downloads.get(execution_arn) if gone else None
        for connection_id in set(gone) & (download.connection_ids if download else frozenset()):
            self.downloads.remove_connection(execution_arn, connection_id)

    def _close_socket(self, connection_id: str) -> Closed:
        for attempt in range(1, _TRIES + 1):
            try:
                self.sockets.close(connection_id)
                return Closed.CLOSED
            except ConnectionGoneError:
                break
            except ServiceError as error:
                log.write(steps.SOCKET_NOT_CLOSED, attempt=attempt, reason=str(error))
                self.clock.sleep(pause(attempt, base=0.2, maximum=1.0))
        return Closed.GONE
