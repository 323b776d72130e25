"""WebSocket connections."""

from __future__ import annotations

import json
from collections.abc import Callable

from runtime.errors import ConnectionGoneError
from tests.runtime.support.fakes.clock import FakeClock
from tools import protocol


class FakeSockets:
    """WebSocket connections: unreachable until accepted, gone once dropped. Messages must match the protocol.

    `closed` holds the connections that the server closed.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.opens_at: dict[str, float] = {}
        self.received: dict[str, list[bytes]] = {}
        self.closed: list[str] = []
        self.on_close: Callable[[str], None] = lambda _connection_id: None
        self.errors: dict[str, list[Exception]] = {}
        self.before_call: Callable[[str], None] = lambda _operation: None

    def accept(self, connection_id: str, after: float = 0.0) -> None:
        """Finish the handshake after so many seconds."""
        self.opens_at[connection_id] = self.clock.now() + after
        self.received[connection_id] = []

    def drop(self, connection_id: str) -> None:
        """Close the connection from the client's side."""
        self.opens_at.pop(connection_id, None)

    def post(self, connection_id: str, data: bytes) -> None:
        protocol.check_server_message(json.loads(data))
        self._reach("post", connection_id)
        self.received[connection_id].append(data)

    def is_open(self, connection_id: str) -> bool:
        try:
            self._reach("is_open", connection_id)
        except ConnectionGoneError:
            return False
        return True

    def close(self, connection_id: str) -> None:
        self._reach("close", connection_id)
        del self.opens_at[connection_id]
        self.closed.append(connection_id)
        self.on_close(connection_id)

    def _reach(self, operation: str, connection_id: str) -> None:
        self.before_call(f"sockets.{operation}")
        if self.errors.get(connection_id):
            raise self.errors[connection_id].pop(0)
        if self.clock.now() < self.opens_at.get(connection_id, float("inf")):
            raise ConnectionGoneError(connection_id)
