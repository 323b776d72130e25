"""Make room at the limit of connections: `$disconnect` is best effort, so some may have gone unnoticed."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import parallel
from runtime.errors import ServiceError
from runtime.models import YOUNG_SECONDS, Connection, Download
from runtime.ports import Clock, Connections, Downloads, Sockets

MAX_CHECKED = 3  # being refused stays cheap


@dataclass(frozen=True)
class Evict:
    """Forgets what is not there any more, and only that."""

    downloads: Downloads
    connections: Connections
    sockets: Sockets
    clock: Clock

    def make_room(self, download: Download) -> bool:
        """Whether there is room now: ids without a live row go, or else the oldest sockets that are closed."""
        now = self.clock.now()
        ids = sorted(download.connection_ids)
        found = parallel.map_each(self.connections.get, ids)
        absent = [one for one, row in zip(ids, found, strict=True) if row is None or row.is_expired(now)]
        if not absent:
            old = [row for row in found if row is not None and row.age(now) >= YOUNG_SECONDS]
            oldest = sorted(old, key=lambda row: row.connected_at)[:MAX_CHECKED]
            closed = parallel.map_each(self._is_closed, oldest)
            absent = [row.connection_id for row, gone in zip(oldest, closed, strict=True) if gone]
        for one in absent:
            self.connections.delete(one)
            self.downloads.remove_connection(download.execution_arn, one)
        return bool(absent)

    def _is_closed(self, connection: Connection) -> bool:
        try:
            return not self.sockets.is_open(connection.connection_id)
        except ServiceError:  # nobody knows: it stays
            return False
