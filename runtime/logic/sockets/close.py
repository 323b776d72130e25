"""Close the sockets that were told the end and have said nothing since; those in use get as long again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runtime import log, parallel
from runtime.backoff import pause
from runtime.errors import ConnectionGoneError, ServiceError
from runtime.ports import Clock, Connections, Downloads, IdleCloser, Sockets

_TRIES = 3


class Closed(StrEnum):
    """What became of one socket."""

    CLOSED = "closed"
    GONE = "gone"
    IN_USE = "inUse"


@dataclass(frozen=True)
class Close:
    """Takes the row first, on condition that the socket is idle: who speaks before that is not cut off.

    It waited for longer than a socket is young, so that 410 means gone.
    """

    downloads: Downloads
    connections: Connections
    sockets: Sockets
    clock: Clock
    idle_closer: IdleCloser

    def run(self, execution_arn: str, connection_ids: Sequence[str], since: float) -> dict[str, int]:
        """Close the idle ones of these; how many were closed, gone already, or in use.

        Raises:
            ServiceError: a table failed; doing it all again is harmless.
        """
        now = self.clock.now()
        ends = parallel.map_each(lambda one: self._close(execution_arn, one, since), connection_ids)
        gone, in_use = (
            [one for one, end in zip(connection_ids, ends, strict=True) if end is kind]
            for kind in (Closed.GONE, Closed.IN_USE)
        )
        self._take_out(execution_arn, gone)
        if in_use:
            self.idle_closer.start(execution_arn, in_use, since=now)
        return {str(kind): ends.count(kind) for kind in Closed}

    def _close(self, execution_arn: str, connection_id: str, since: float) -> Closed:
        connection = self.connections.get(connection_id)
        if connection is None or connection.execution_arn != execution_arn:
            return Closed.GONE
        if not self.connections.delete_idle(connection_id, since=since):
            return Closed.IN_USE
        closed = self._hang_up(connection_id)
        self.downloads.remove_connection(execution_arn, connection_id)  # last: done again, it would find no row
        return closed

    def _take_out(self, execution_arn: str, gone: list[str]) -> None:
        """Ids that were left in the download's row when their own was deleted."""
        download = self.downloads.get(execution_arn) if gone else None
        for connection_id in set(gone) & (download.connection_ids if download else frozenset()):
            self.downloads.remove_connection(execution_arn, connection_id)

    def _hang_up(self, connection_id: str) -> Closed:
        for attempt in range(1, _TRIES + 1):
            try:
                self.sockets.close(connection_id)
                return Closed.CLOSED
            except ConnectionGoneError:
                break
            except ServiceError as error:
                log.warning("A socket could not be closed", attempt=attempt, reason=str(error))
                self.clock.sleep(pause(attempt, base=0.2, maximum=1.0))
        return Closed.GONE
