"""HTTP to origins with http.client, on sockets that are connected to the address that was checked."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from runtime.adapters import origin_tls
from runtime.adapters.chunked import ChunkedBody
from runtime.adapters.idle_connections import Connection, IdleConnections, Place
from runtime.errors import (
    AsyncDownloadError,
    OriginError,
    OriginStalledError,
    OriginTimeoutError,
    OriginTruncatedError,
    OriginUnreachableError,
)
from runtime.ports import Check

_CONNECT_SECONDS = 10.0
_CHECK_SECONDS = 5.0


class HttpBody:
    """`ports.Body`: one answer on one connection."""

    def __init__(self, connection: Connection, response: http.client.HTTPResponse, idle: IdleConnections) -> None:
        self.status = response.status
        announced = {value.strip() for name, value in response.getheaders() if name.lower() == "content-length"}
        if len(announced) > 1:
            raise OriginError("The origin sent several lengths that contradict each other.")
        if (response.getheader("transfer-encoding") or "identity").strip().lower() not in ("chunked", "identity"):
            raise OriginError("The origin sent the file in a Transfer-Encoding that it was not asked for.")
        self.headers = _headers(response)
        self._connection: Connection | None = connection
        self._sock = connection.sock
        self._response = response
        self._idle = idle
        self._read_until = 0.0
        has_chunks = self.status not in (204, 304) and "chunked" in self.headers.get("transfer-encoding", "").lower()
        self._chunks = ChunkedBody(self._receive) if has_chunks else None

    def read(self, size: int, timeout: float) -> bytes:
        """Return the next bytes of the file, as soon as there are any, and b"" at the end.

        `timeout` is for all that comes before them: bytes of the transfer coding do not extend it.
        """
        try:
            if self._chunks is not None:
                self._read_until = time.monotonic() + timeout
                return self._chunks.read(size)
            if self._response.length == 0:
                return b""
            self._set_timeout(timeout)
            return self._response.read1(size)
        except TimeoutError:
            raise OriginStalledError("The origin stopped sending.") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise OriginTruncatedError("The connection to the origin was lost in the middle.") from None

    def close(self) -> None:
        """Close the connection, or keep it for the next request if the answer was read to its end."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        is_reusable = self._is_at_end() and not self._response.will_close
        self._response.close()
        if is_reusable:
            self._idle.give(connection)
        else:
            connection.close()

    def _is_at_end(self) -> bool:
        """Return whether the answer was read to an end that is beyond doubt (RFC 9112, 6.1 and 6.3)."""
        if self._chunks is None:
            return self._response.isclosed() or self._response.length == 0
        is_doubtful = self._response.version < 11 or "content-length" in self.headers
        return self._chunks.is_complete and not self._chunks.has_surplus and not is_doubtful

    def _receive(self, size: int) -> bytes:
        left = self._read_until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._set_timeout(left)
        return self._response.fp.read1(size)

    def _set_timeout(self, seconds: float) -> None:
        if self._sock.fileno() >= 0:  # http.client may have closed it at the end
            self._sock.settimeout(seconds)


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    """Return the headers, of repeated ones the first; but all cookies that are set, joined by line feeds."""
    headers = {name.lower(): value for name, value in reversed(response.getheaders())}
    cookies = [value for name, value in response.getheaders() if name.lower() == "set-cookie"]
    return headers | ({"set-cookie": "\n".join(cookies)} if cookies else {})


class _CompleteHead(http.client.HTTPResponse):
    """An answer with all of its headers.

    http.client takes a connection that is lost among the headers for their end, and an interim 102 or 103, which a
    slow origin may send, for the answer.
    """

    def begin(self) -> None:
        """Read the status and the headers."""
        self._read_head()
        while 102 <= self.status < 200:
            again: Any = None
            self.headers = self.msg = again
            self._read_head()

    def _read_head(self) -> None:
        stream: Any = self.fp
        watched: Any = _LastLine(stream)
        self.fp = watched
        super().begin()
        if self.fp is watched:
            self.fp = stream
        if watched.last not in (b"\r\n", b"\n"):
            raise http.client.RemoteDisconnected("in the headers")


class _LastLine:
    """A stream that keeps the last line that was read from it."""

    def __init__(self, stream: Any) -> None:
        self.last = b""
        self._stream = stream

    def readline(self, limit: int = -1) -> bytes:
        """Return the next line."""
        self.last = self._stream.readline(limit)
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class HttpOrigins:
    """`ports.Origins`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
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
        idle = self._idle.take(place, check)
        if idle is not None:
            with suppress(OriginUnreachableError, OriginError):  # the origin closed the idle connection at this moment
                return self._ask(idle, target, headers, timeout, while_waiting)
        return self._ask(self._open(place, check, timeout), target, headers, timeout, while_waiting)

    def _open(self, place: Place, check: Check, timeout: float) -> Connection:
        host, port = place.host, place.port
        context = self._context_for(place) if place.scheme == "https" else None
        address, sock = _connect(host, port, check, min(_CONNECT_SECONDS, timeout))
        try:
            if context is not None:
                with _ended_after(timeout, sock), _typed_errors():
                    sock = context.wrap_socket(sock, server_hostname=host)
        except AsyncDownloadError:
            sock.close()
            raise
        connection = (http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection)(
            host, port
        )
        connection.sock, connection.auto_open, connection.response_class = sock, 0, _CompleteHead
        return Connection(place, address, sock, connection)

    def _context_for(self, place: Place) -> ssl.SSLContext:
        if place.ca_bundle is not None:
            return origin_tls.context_for(place.ca_bundle)
        return self._context or origin_tls.public_context()

    def _ask(
        self,
        connection: Connection,
        target: str,
        headers: Mapping[str, str],
        timeout: float,
        while_waiting: Callable[[], None],
    ) -> HttpBody:
        try:
            with _ended_after(timeout, connection.sock, while_waiting), _typed_errors():
                connection.sock.settimeout(timeout)
                connection.http.request("GET", target, headers=dict(headers))
                return HttpBody(connection, connection.http.getresponse(), self._idle)
        except AsyncDownloadError:
            connection.close()
            raise


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
    end, done = time.monotonic() + seconds, threading.Event()
    reasons: list[Exception] = []

    def watch() -> None:
        try:
            while not done.wait(min(_CHECK_SECONDS, max(0.0, end - time.monotonic()))):
                if time.monotonic() >= end:
                    raise OriginTimeoutError("The origin did not answer in time.")
                while_waiting()
        except Exception as error:
            reasons.append(error)
            with suppress(OSError):  # it was closed already
                handle.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except AsyncDownloadError:
        if reasons:
            raise reasons[0] from None
        raise
    finally:
        done.set()
        handle.close()


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise OriginTimeoutError("The origin did not answer in time.") from None
    except ssl.SSLError as error:
        raise origin_tls.explain(error) from None
    except (http.client.RemoteDisconnected, OSError):
        raise OriginUnreachableError("The connection to the origin was lost before it answered.") from None
    except (http.client.HTTPException, ValueError):
        raise OriginError("The origin's answer is not HTTP that can be understood.") from None
