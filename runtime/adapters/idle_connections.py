"""Connections to origins that were left open: the next range goes out without another handshake."""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.errors import TransferError
from runtime.ports import Check

MAX_IDLE_SECONDS = 5.0  # an origin, a NAT or a frozen worker may have forgotten it after that
MAX_IDLE = 8  # for each place


class Place(NamedTuple):
    """Where a connection leads, and the PEM of the CAs that it was verified with (None: public CAs, or no TLS)."""

    scheme: str
    host: str
    port: int
    ca_bundle: str | None = None


@dataclass
class Connection:
    """A socket to an address that was checked, and HTTP on it."""

    place: Place
    address: str
    sock: socket.socket
    http: http.client.HTTPConnection
    idle_since: float = 0.0

    def close(self) -> None:
        """Drop it."""
        self.http.close()
        self.sock.close()

    def is_quiet(self) -> bool:
        """Whether nothing has come in, neither an end nor bytes that nobody asked for."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)


@dataclass
class IdleConnections:
    """Those that wait for another request; threads share them."""

    _waiting: dict[Place, list[Connection]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, place: Place, check: Check) -> Connection | None:
        """The one that was used last, if it may still be used; its address has to pass the check once more."""
        while True:
            with self._lock:
                waiting = self._waiting[place]
                found = waiting.pop() if waiting else None
            if found is None or self._is_good(found, check):
                return found
            found.close()

    def give(self, connection: Connection) -> None:
        """It may be used again."""
        connection.idle_since = time.time()
        with self._lock:
            waiting = self._waiting[connection.place]
            waiting.append(connection)
            oldest = waiting.pop(0) if len(waiting) > MAX_IDLE else None
        if oldest is not None:
            oldest.close()

    def _is_good(self, connection: Connection, check: Check) -> bool:
        if not 0 <= time.time() - connection.idle_since <= MAX_IDLE_SECONDS:
            return False
        try:
            check(connection.address)
        except TransferError:
            return False
        return connection.is_quiet()
