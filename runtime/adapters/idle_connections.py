"""Connections to origins that were left open, so that the next range needs no handshake."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.errors import TransferError
from runtime.ports import Check

MAX_IDLE_SECONDS = 5.0  # afterwards an origin, a NAT or a frozen worker may have dropped the connection
MAX_IDLE = 8  # for each destination


class Place(NamedTuple):
    """The destination of a connection, and the PEM of the CAs that verified it (None: public CAs, or no TLS)."""

    scheme: str
    host: str
    port: int
    ca_bundle: str | None = None


@dataclass
class Connection:
    """A socket to an address that was checked."""

    place: Place
    address: str
    sock: socket.socket
    idle_since: float = 0.0

    def close(self) -> None:
        """Close the connection."""
        self.sock.close()

    def is_quiet(self) -> bool:
        """Return whether the origin has sent nothing since: neither an end nor unrequested bytes."""
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)


@dataclass
class IdleConnections:
    """The connections that wait for another request; threads share them."""

    _waiting: dict[Place, list[Connection]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, place: Place, check: Check) -> Connection | None:
        """Return the connection that was used last, if it is usable and its address passes the check again, or None."""
        while True:
            with self._lock:
                waiting = self._waiting[place]
                connection = waiting.pop() if waiting else None
            if connection is None or self._is_usable(connection, check):
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        """Keep a connection for another request."""
        connection.idle_since = time.time()
        with self._lock:
            waiting = self._waiting[connection.place]
            waiting.append(connection)
            oldest = waiting.pop(0) if len(waiting) > MAX_IDLE else None
        if oldest is not None:
            oldest.close()

    def _is_usable(self, connection: Connection, check: Check) -> bool:
        if not 0 <= time.time() - connection.idle_since <= MAX_IDLE_SECONDS:
            return False
        try:
            check(connection.address)
        except TransferError:
            return False
        return connection.is_quiet()
