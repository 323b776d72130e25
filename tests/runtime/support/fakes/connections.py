"""The Connections table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from runtime.models import Connection
from tests.runtime.support.fakes.downloads import FakeDownloads


class FakeConnections:
    """The Connections table in memory; `before_call` is called with the name of each operation."""

    def __init__(self, downloads: FakeDownloads) -> None:
        self.rows: dict[str, Connection] = {}
        self.calls: Counter[str] = Counter()
        self.downloads = downloads
        self.before_call: Callable[[str], None] = lambda _operation: None

    def open(self, connection: Connection, *, ticket_hash: str, limit: int, now: float) -> bool:
        self.before_call("connections.open")
        self.calls["open"] += 1
        with self.downloads.lock:
            row = self.downloads.rows.get(connection.execution_arn)
            if row is None or row.expires_at <= int(now) or ticket_hash not in row.ticket_hashes:
                return False
            if len(row.connection_ids) >= limit and connection.connection_id not in row.connection_ids:
                return False
            ids = row.connection_ids | {connection.connection_id}
            self.downloads.rows[row.execution_arn] = replace(row, connection_ids=ids)
            self.rows[connection.connection_id] = connection
            return True

    def get(self, connection_id: str) -> Connection | None:
        self.before_call("connections.get")
        self.calls["get"] += 1
        return self.rows.get(connection_id)

    def delete(self, connection_id: str) -> Connection | None:
        self.before_call("connections.delete")
        self.calls["delete"] += 1
        return self.rows.pop(connection_id, None)

    def use(self, connection_id: str, *, now: float) -> bool:
        self.before_call("connections.use")
        self.calls["use"] += 1
        with self.downloads.lock:
            if connection_id not in self.rows:
                return False
            self.rows[connection_id] = replace(self.rows[connection_id], used_at=int(now * 1000))
            return True

    def delete_idle(self, connection_id: str, *, since: float) -> bool:
        self.before_call("connections.delete_idle")
        self.calls["delete_idle"] += 1
        with self.downloads.lock:
            row = self.rows.get(connection_id)
            if row is not None and row.used_at is not None and row.used_at >= int(since * 1000):
                return False
            self.rows.pop(connection_id, None)
            return True
