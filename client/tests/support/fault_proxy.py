"""Between a client and S3: a proxy that does to each answer what a schedule says next, and then forwards the rest."""

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
    """What can happen to one answer."""

    PASS = "pass"
    REFUSE = "refuse"  # hang up without a word
    CLOSE = "close"  # hang up after so many bytes of the body
    RESET = "reset"  # the same, rudely
    STALL = "stall"  # fall silent after so many bytes
    FLIP = "flip"  # change the byte at this place
    EXPIRED = "expired"  # 403
    SESSION_OVER = "session over"  # 400
    SLOW_DOWN = "slow down"  # 503
    INTERNAL = "internal"  # 500
    REPLACED = "replaced"  # the object is another one from now on


STATUS = {Kind.EXPIRED: 403, Kind.SESSION_OVER: 400, Kind.SLOW_DOWN: 503, Kind.INTERNAL: 500}


@dataclass(frozen=True)
class Act:
    """A fault, and where in the body."""

    kind: Kind
    after: int = 0


class FaultProxy(Loopback):
    """`schedule` has an act for each GET, and after that all pass."""

    def __init__(self, upstream: str) -> None:
        super().__init__(_Handler)
        self.upstream = urlsplit(upstream).netloc
        self.schedule: list[Act] = []
        self.done: list[Act] = []
        self.replace: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def next(self) -> Act:
        """What happens to this GET."""
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
            return self._hang_up()
        if status := STATUS.get(act.kind):
            return self._answer(status, {}, b"<Error/>")
        upstream = http.client.HTTPConnection(proxy.upstream, timeout=10)
        with contextlib.closing(upstream):
            upstream.request("GET", self.path, headers={**self.headers, "Connection": "close"})
            got = upstream.getresponse()
            body = bytearray(got.read())
        headers = {name: value for name, value in got.getheaders() if name in ("Content-Range", "ETag", "Content-Type")}
        if act.kind is Kind.FLIP and body:
            body[act.after % len(body)] ^= 1
        cut = act.after if act.kind in (Kind.CLOSE, Kind.RESET, Kind.STALL) else None
        with contextlib.suppress(ConnectionError):  # a client that was stopped is gone
            self._answer(got.status, headers, bytes(body), cut)
            if act.kind is Kind.STALL:
                proxy.stopping.wait(1)
            if act.kind is Kind.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if cut is not None:
                self._hang_up()
        return None

    def _answer(self, status: int, headers: dict[str, str], body: bytes, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])

    def _hang_up(self) -> None:
        self.close_connection = True
