"""Receives bodies straight from their sockets into a buffer, which http.client would do in pieces of a TLS record.

The head of a response has to arrive within the time-out of its connection, even if it arrives byte by byte.
"""

from __future__ import annotations

import http
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import urllib3
import urllib3.connection
import urllib3.connectionpool
from urllib3.util import wait_for_read, wait_for_write

Wait = Callable[[socket.socket, float | None], bool]
_TURN = threading.Lock()  # one thread receives at a time: two would wait for the GIL at each of their TLS records


class _HeadLines:
    """Reads lines from the stream of a socket until `timeout` seconds after its creation."""

    def __init__(self, stream: Any, sock: socket.socket, timeout: float | None) -> None:
        self._stream, self._socket = stream, sock
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def readline(self, limit: int) -> bytes:
        """Return the next line, or its first `limit` bytes; raises TimeoutError when the time is over."""
        line = b""
        while len(line) < limit and not line.endswith(b"\n"):
            if self._deadline is not None:
                if (seconds_left := self._deadline - time.monotonic()) <= 0:
                    raise TimeoutError
                self._socket.settimeout(seconds_left)
            if not (available := self._stream.peek(1)):  # receives once, unless bytes are left
                break
            count = available.find(b"\n") + 1 or len(available)
            line += self._stream.read(min(count, limit - len(line)))
        return line


class _Response(http.client.HTTPResponse):
    """A response that can put its body into a buffer."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._socket = sock
        self._timeout = sock.gettimeout()
        self._is_drained = False
        # read() of a TLS socket fails once another thread has shut it down; recv_into() would return encrypted bytes
        self._read = sock.read if isinstance(sock, ssl.SSLSocket) else lambda count, view: sock.recv_into(view, count)

    def begin(self) -> None:
        """Read the status line and headers."""
        stream = self.fp
        self.fp = cast(Any, _HeadLines(stream, self._socket, self._timeout))
        try:
            super().begin()
        finally:
            self.fp = stream
        self._socket.settimeout(self._timeout)

    def _read_status(self) -> tuple[str, int, str]:
        """Return version, status and reason; a 1xx response, such as 103 Early Hints, is skipped as 100 is."""
        version, status, reason = super()._read_status()  # type: ignore[misc] # typeshed leaves it out
        is_interim = http.HTTPStatus.SWITCHING_PROTOCOLS < status < http.HTTPStatus.OK
        return version, http.HTTPStatus.CONTINUE if is_interim else status, reason

    @property
    def has_length(self) -> bool:
        """Return True if the length of the body is known, and is above 0."""
        return bool(self.length) and not self.chunked

    def receive_into(self, view: memoryview) -> int:
        """Put the next bytes of a body of known length into a buffer, and return their number.

        Waits for the first of them, then takes as many as have arrived.

        Raises:
            TimeoutError: nothing arrived for the time-out of the connection.
            http.client.IncompleteRead: the server closed the connection.
            OSError, ValueError: the connection broke, or another thread has shut it down.
        """
        length = self.length or 0
        count = self._receive_into(view[:length])
        if not count:
            raise http.client.IncompleteRead(b"", length)
        self.length = length - count
        if not self.length:
            self._socket.settimeout(self._timeout)
            self.close()
        return count

    def _receive_into(self, view: memoryview) -> int:
        if not self._is_drained:
            return self._drain(view)
        while True:
            with _TURN:
                count, wait = self._take(view)
            if count or not wait:
                return count
            if not wait(self._socket, self._timeout):
                raise TimeoutError

    def _drain(self, view: memoryview) -> int:
        """Put what was read together with the headers into a buffer, or, if that was nothing, the first bytes."""
        available = len(self.fp.peek())
        count = min(available, len(view))
        self.fp.readinto1(view[:count])  # more would wait for the server
        if count == available:
            self._is_drained = True
            self._socket.settimeout(0)
        return count

    def _take(self, view: memoryview) -> tuple[int, Wait | None]:
        """Put what has arrived into a buffer; returns its length, and how to wait for more, None at the end."""
        count, size = 0, len(view)
        try:
            while count < size:
                received = int(self._read(size - count, view[count:]))
                if not received:
                    return count, None
                count += received
        except (BlockingIOError, ssl.SSLWantReadError):
            return count, wait_for_read
        except ssl.SSLWantWriteError:
            return count, wait_for_write
        return count, None


class _Connection:
    """A connection that keeps its response, as `body`."""

    body: _Response

    def response_class(self, *arguments: Any, **options: Any) -> _Response:
        self.body = _Response(*arguments, **options)
        return self.body


class _HTTPConnection(_Connection, urllib3.connection.HTTPConnection):  # type: ignore[misc]
    pass


class _HTTPSConnection(_Connection, urllib3.connection.HTTPSConnection):  # type: ignore[misc]
    pass


class _HTTPPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


POOLS = {"http": _HTTPPool, "https": _HTTPSPool}
"""Classes of pools whose responses `receive_into` can read straight from the socket, by scheme."""


def receive_into(response: urllib3.BaseHTTPResponse, view: memoryview) -> int:
    """Put the next bytes of a body into a buffer and return their number; 0 is the end.

    Raises:
        urllib3.exceptions.HTTPError, http.client.HTTPException, OSError: the connection broke, or was silent too long.
    """
    connection = response.connection
    if connection is None:  # it was released at the end of the body
        return 0
    if isinstance(connection, _Connection) and connection.body.has_length:
        count = connection.body.receive_into(view)
        if not connection.body.length:
            response.release_conn()
        return count
    data = response.read1(len(view))
    view[: len(data)] = data
    return len(data)
