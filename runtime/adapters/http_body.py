"""The body of a response: where it ends, and whether it is whole (RFC 9112, 6.3 and 8).

- With Content-Length it is whole after that many bytes, with chunks after the empty line behind the trailers. It is
  complete at once, whatever becomes of the connection.
- Otherwise it is whole when the origin closes the connection: with FIN on plain TCP, with close_notify on TLS.
- Any other end is a loss. A Content-Encoding changes nothing: these are the bytes before they are decompressed.
"""

from __future__ import annotations

import ssl
import time

from runtime.adapters.chunked import ChunkedBody
from runtime.adapters.idle_connections import Connection, IdleConnections
from runtime.adapters.response_head import ResponseHead
from runtime.errors import OriginStalledError, OriginTruncatedError

_LOST = "The connection to the origin was lost in the middle."
_NO_CLOSE_NOTIFY = (
    "The origin sent a file without its length, and ended TLS without close_notify: the file may be incomplete."
)


class HttpBody:
    """`ports.Body`: one answer on one connection. `received` holds the bytes that came with its head."""

    def __init__(self, connection: Connection, head: ResponseHead, received: bytes, idle: IdleConnections) -> None:
        self.status = head.status
        self.headers = head.headers
        self._connection: Connection | None = connection
        self._sock = connection.sock
        self._is_reusable = head.is_reusable
        self._idle = idle
        self._received = received
        self._left = head.length  # None: the body has chunks or ends with the connection
        self._chunks = ChunkedBody(self._receive) if head.has_chunks else None
        self._ends_with_connection = head.length is None and not head.has_chunks
        self._is_complete = self._left == 0
        self._timeout = 0.0
        self._started: float | None = None

    def read(self, size: int, timeout: float) -> bytes:
        """Return the next bytes of the file, as soon as there are any, and b"" once the body is complete.

        `timeout` is for all that comes before them: bytes of the transfer coding do not extend it.

        Raises:
            OriginTruncatedError: the connection ended before the body was complete.
            OriginStalledError: nothing came in time.
            OriginError: the chunks are malformed.
        """
        if self._is_complete:
            return b""
        self._timeout, self._started = timeout, None
        try:
            return self._read(size)
        except TimeoutError:
            raise OriginStalledError("The origin stopped sending.") from None
        except (OSError, ValueError) as error:
            is_end_in_doubt = self._ends_with_connection and isinstance(error, ssl.SSLEOFError)
            raise OriginTruncatedError(_NO_CLOSE_NOTIFY if is_end_in_doubt else _LOST) from None

    def close(self) -> None:
        """Close the connection, or keep it for the next request if the body was read to an end beyond doubt.

        It is kept after ranges only: the next range of the same file follows at once. After other responses it would
        save one handshake, and cost minutes with an origin that leaves it open without reading further requests.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        has_surplus = bool(self._received) or (self._chunks is not None and self._chunks.has_surplus)
        if self.status == 206 and self._is_complete and self._is_reusable and not has_surplus:
            self._idle.give(connection)
        else:
            connection.close()

    def _read(self, size: int) -> bytes:
        if self._chunks is not None:
            content = self._chunks.read(size)
            self._is_complete = self._chunks.is_complete
        elif self._left is not None:
            content = self._receive(min(size, self._left))
            if not content:
                raise OriginTruncatedError(_LOST)
            self._left -= len(content)
            self._is_complete = self._left == 0
        else:
            content = self._receive(size)
            if not content:
                self._is_complete, self._is_reusable = True, False
        return content

    def _receive(self, size: int) -> bytes:
        """Return 1 to `size` bytes of the connection, and b"" at its clean end."""
        if self._received:
            received, self._received = self._received[:size], self._received[size:]
            return received
        now = time.monotonic()
        self._started = self._started if self._started is not None else now
        left = self._timeout - (now - self._started)
        if left <= 0:
            raise TimeoutError
        if self._sock.gettimeout() != left:
            self._sock.settimeout(left)
        return self._sock.recv(size)
