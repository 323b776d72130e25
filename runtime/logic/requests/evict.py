"""Removes lost connections at the limit of connections: `$disconnect` is best effort and may be missing."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import log, parallel, steps
from runtime.errors import ServiceError
from runtime.models import YOUNG_SECONDS, Connection, Download
from runtime.ports import Clock, Connections, Downloads, Sockets

MAX_CHECKED = 3  # a refused connection stays cheap


@dataclass(frozen=True)
class Evict:
    """Removes connections that do not exist any more."""

    downloads: Downloads
    connections: Connections
    sockets: Sockets
    clock: Clock

    def make_room(self, download: Download) -> bool:
        """Remove ids without a live item, or else the oldest closed sockets. Return whether there is room now."""
        now = self.clock.now()
        ids = sorted(download.connection_ids)
        connections = dict(zip(ids, parallel.map_each(self.connections.get, ids), strict=True))
        lost = [key for key, connection in connections.items() if connection is None or connection.is_expired(now)]
        if not lost:
            old = [item for item in connections.values() if item is not None and item.age(now) >= YOUNG_SECONDS]
            oldest = sorted(old, key=lambda connection: connection.connected_at)[:MAX_CHECKED]
            closed = parallel.map_each(self._is_closed, oldest)
            lost = [item.connection_id for item, is_closed in zip(oldest, closed, strict=True) if is_closed]
        for connection_id in lost:
            self.connections.delete(connection_id)
            self.downloads.remove_connection(download.execution_arn, connection_id)
        if lost:
            log.write(steps.EVICTED, {"Evictions": len(lost)}, connections=len(lost))
        return bool(lost)

    def _is_closed(self, connection: Connection) -> bool:
        try:
            return not self.sockets.is_open(connection.connection_id)
        except ServiceError:  # unknown: it stays
            return False
