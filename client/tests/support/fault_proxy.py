"""A proxy between a client and S3 that applies scheduled faults to the responses and then forwards the rest."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler
from typing import cast
from urllib.parse import urlsplit

from client.tests.support.loopback import Handler, Loopback

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the next close is a reset


class Kind(StrEnum):
    """A kind of fault in one response."""

    PASS = "pass"
    REFUSE = "refuse"  # close the connection without a response
    CLOSE = "close"  # close the connection after some bytes of the body
    RESET = "reset"  # reset the connection after some bytes of the body
    STALL = "stall"  # stop sending after some bytes
    FLIP = "flip"  # flip a bit of one byte
    EXPIRED = "expired"  # 403
    SESSION_OVER = "session over"  # 400
    SLOW_DOWN = "slow down"  # 503
    INTERNAL = "internal"  # 500
    REPLACED = "replaced"  # replace the object


STATUS = {Kind.EXPIRED: 403, Kind.SESSION_OVER: 400, Kind.SLOW_DOWN: 503, Kind.INTERNAL: 500}


@dataclass(frozen=True)
class Act:
    """A fault, and its position in the body."""

    kind: Kind
    after: int = 0


class FaultProxy(Loopback):
    """Applies `schedule`, one act per GET, and then forwards all; `done` lists the applied acts."""

    def __init__(self, upstream: str) -> None:
        super().__init__(_Handler)
        self.upstream = urlsplit(upstream).netloc
        self.schedule: list[Act] = []
        self.done: list[Act] = []
        self.replace: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def next(self) -> Act:
        """Return the act for a GET."""
        with self._lock:
            act = self.schedule.pop(0) if self.schedule else Act(Kind.PASS)
            self.done.append(act)
            return act


class _Handler(Handler, BaseHTTPRequestHandler):
    timeout = 10.0

    def do_GET(self) -> None:
        proxy = cast(FaultProxy, self.loopback)
        act = proxy.next()
        if act.kind is Kind.REPLACED:
            proxy.replace()
        if act.kind is Kind.REFUSE:
            return self._close()
        if status := STATUS.get(act.kind):
            return self._send(status, {}, b"<Error/>")
        upstream = http.client.HTTPConnection(proxy.upstream, timeout=10)
        with contextlib.closing(upstream):
            upstream.request("GET", self.path, headers={**self.headers, "Connection": "close"})
            response = upstream.getresponse()
            body = bytearray(response.read())
        forwarded = ("Content-Range", "ETag", "Content-Type")
        headers = {name: value for name, value in response.getheaders() if name in forwarded}
        if act.kind is Kind.FLIP and body:
            body[act.after % len(body)] ^= 1
        cut = act.after if act.kind in (Kind.CLOSE, Kind.RESET, Kind.STALL) else None
        with contextlib.suppress(ConnectionError):  # a client that was stopped has closed the connection
            self._send(response.status, headers, bytes(body), cut)
            if act.kind is Kind.STALL:
                proxy.stopping.wait(1)
            if act.kind is Kind.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if cut is not None:
                self._close()
        return None

    def _send(self, status: int, headers: dict[str, str], body: bytes, cut: int | None = None) -> None:
        self.respond(status, headers, len(body))
        self.wfile.write(body[:cut])

    def _close(self) -> None:
        self.close_connection = True
