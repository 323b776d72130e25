"""HTTP to origins, on sockets that are connected to the address that was checked."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from runtime.adapters import origin_tls
from runtime.adapters.http_body import HttpBody
from runtime.adapters.idle_connections import Connection, IdleConnections, Place
from runtime.adapters.response_head import LOST, read_head
from runtime.errors import (
    AsyncDownloadError,
    OriginError,
    OriginTimeoutError,
    OriginUnreachableError,
)
from runtime.ports import Check

_CONNECT_SECONDS = 10.0
_CHECK_SECONDS = 5.0
_TARGET = re.compile(r"[\x21-\x7e]+")
_FIELD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*")


class HttpOrigins:
    """`ports.Origins`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = origin_tls.harden(context) if context is not None else None
        self._idle = IdleConnections()

    def warm_up(self) -> None:
        """Load the certificate authorities."""
        origin_tls.public_context()

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        check: Check,
        timeout: float,
        while_waiting: Callable[[], None],
        ca_bundle: str | None = None,
    ) -> HttpBody:
        """Send one GET and follow no redirects."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        place = Place(parts.scheme, parts.hostname or "", port, ca_bundle)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = _build_request(target, place, headers)
        idle = self._idle.take(place, check)
        if idle is not None:
            with suppress(OriginUnreachableError, OriginError):  # the origin closed the idle connection at this moment
                return self._ask(idle, request, timeout, while_waiting)
        return self._ask(self._open(place, check, timeout), request, timeout, while_waiting)

    def _open(self, place: Place, check: Check, timeout: float) -> Connection:
        host, port = place.host, place.port
        context = self._context_for(place) if place.scheme == "https" else None
        address, sock = _connect(host, port, check, min(_CONNECT_SECONDS, timeout))
        try:
            if context is not None:
                with _ended_after(timeout, sock), _typed_errors():
                    sock = origin_tls.wrap(context, sock, host)
        except Exception:
            sock.close()
            raise
        return Connection(place, address, sock)

    def _context_for(self, place: Place) -> ssl.SSLContext:
        if place.ca_bundle is not None:
            return origin_tls.context_for(place.ca_bundle)
        return self._context or origin_tls.public_context()

    def _ask(
        self, connection: Connection, request: bytes, timeout: float, while_waiting: Callable[[], None]
    ) -> HttpBody:
        try:
            with _ended_after(timeout, connection.sock, while_waiting), _typed_errors():
                connection.sock.settimeout(timeout)
                connection.sock.sendall(request)
                head, received = read_head(connection.sock.recv)
            return HttpBody(connection, head, received, self._idle)
        except Exception:
            connection.close()
            raise


def _build_request(target: str, place: Place, headers: Mapping[str, str]) -> bytes:
    """Return a GET with its headers.

    Raises:
        OriginError: a character that would end a line, or that HTTP does not allow there.
    """
    host = f"[{place.host}]" if ":" in place.host else place.host
    with suppress(UnicodeError):  # such a name cannot be resolved
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    port = "" if place.port == (443 if place.scheme == "https" else 80) else f":{place.port}"
    lines = [f"Host: {host}{port}", *(f"{name}: {value}" for name, value in headers.items())]
    if not (_TARGET.fullmatch(target) and all(map(_FIELD.fullmatch, lines))):
        raise OriginError("The path, or a secret header of the origin, has a character that HTTP does not allow.")
    return "\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def _connect(host: str, port: int, check: Check, timeout: float) -> tuple[str, socket.socket]:
    """Check all addresses of the host; return the first that accepts a connection, and a socket to it."""
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OriginUnreachableError("The origin's name could not be resolved.") from None
    addresses = sorted({(family, str(place[0])) for family, _, _, _, place in resolved})
    for _, address in addresses:
        check(address)
    for _, address in addresses:
        try:
            sock = socket.create_connection((address, port), timeout)
        except OSError:
            continue
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30)):  # a NAT forgets idle connections
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return address, sock
    raise OriginUnreachableError("The origin does not accept connections.")


@contextmanager
def _ended_after(
    seconds: float, sock: socket.socket, while_waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Cut the connection when an answer takes too long, also if it arrives slowly, or `while_waiting` raises."""
    handle = socket.fromfd(sock.fileno(), sock.family, sock.type)  # stays valid after TLS has wrapped the socket
    end, done, ending = time.monotonic() + seconds, threading.Event(), threading.Lock()
    reasons: list[Exception] = []

    def watch() -> None:
        try:
            while not done.wait(min(_CHECK_SECONDS, max(0.0, end - time.monotonic()))):
                if time.monotonic() >= end:
                    raise OriginTimeoutError("The origin did not answer in time.")
                while_waiting()
        except Exception as error:
            with ending:  # a head that is complete now has a body whose connection must not be cut any more
                if not done.is_set():
                    reasons.append(error)
                    with suppress(OSError):  # it was closed already
                        handle.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except AsyncDownloadError:
        if not reasons:
            raise
    finally:
        with ending:
            done.set()
        handle.close()
    if reasons:
        raise reasons[0]


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise OriginTimeoutError("The origin did not answer in time.") from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        raise OriginUnreachableError(LOST) from None
    except ssl.SSLError as error:
        raise origin_tls.explain(error) from None
    except OSError:
        raise OriginUnreachableError(LOST) from None
