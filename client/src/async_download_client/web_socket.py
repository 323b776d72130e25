"""A WebSocket connection to a stack that receives JSON messages and sends actions."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import websocket
from urllib3.exceptions import HTTPError

from async_download_client.errors import ProxyError
from async_download_client.messages import Body
from async_download_client.transport import USER_AGENT, check_encrypted, connect, host_of, tunnel_status

MAX_MESSAGE_BYTES = 128 * 1024  # the largest message of API Gateway
_CLOSE, _TEXT = 0x8, 0x1
_CONNECTION_ERRORS = (websocket.WebSocketException, HTTPError, http.client.HTTPException, OSError, ValueError)


class SocketLostError(Exception):
    """The WebSocket could not be opened, or its connection broke. The message holds no URL."""


class SocketRefusedError(SocketLostError):
    """The server answered the handshake with another status than 101; `is_final` says that a retry is useless."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(reason or f"the WebSocket was refused (HTTP {status})")
        self.is_final = status < 500 and status != 429


class _BoundedFrames(websocket.frame_buffer):
    """Refuses a frame that is too large by the length in its header, before its payload is read."""

    def recv_length(self) -> None:
        """Read the length of the next frame; raises WebSocketPayloadException if it is too large."""
        super().recv_length()
        _check_size(self.length or 0)


class _BoundedMessages(websocket.continuous_frame):
    """Refuses a message of several frames as soon as they exceed the limit together."""

    def add(self, frame: websocket.ABNF) -> None:
        """Add a frame to the message; raises WebSocketPayloadException if the message becomes too large."""
        _check_size(len(frame.data) + (len(self.cont_data[1]) if self.cont_data else 0))
        super().add(frame)


class WebSocket:
    """An open WebSocket, as a context manager.

    The ticket in the endpoint's query is sent in the header X-Download-Ticket, because proxies and access logs record
    queries. Redirects are refused, and so is plain ws to another machine unless `allow_http`.
    """

    def __init__(self, endpoint: str, timeout: float, *, allow_http: bool = False) -> None:
        check_encrypted(endpoint, allow_http=allow_http)
        self._timeout = timeout
        self._receive_until = 0.0
        self._socket = websocket.WebSocket()
        self._socket.frame_buffer = _BoundedFrames(self._receive_bytes, skip_utf8_validation=False)
        self._socket.cont_frame = _BoundedMessages(fire_cont_frame=False, skip_utf8_validation=False)
        url, headers = _with_ticket_as_header(endpoint)
        try:
            connection = connect(url, timeout)
            options = {"header": [f"User-Agent: {USER_AGENT}", *headers], "redirect_limit": 0, "socket": connection}
            with _shut_down_after(timeout, connection):
                self._socket.connect(url, **options)  # type: ignore[no-untyped-call] # websocket-client has no types
        except websocket.WebSocketBadStatusException as error:
            raise SocketRefusedError(error.status_code) from None
        except ProxyError as error:
            raise SocketRefusedError(407, str(error)) from None
        except _CONNECTION_ERRORS as error:
            if status := tunnel_status(error):
                raise SocketRefusedError(status, f"the proxy refused the WebSocket (HTTP {status})") from None
            raise SocketLostError(f"no WebSocket to {host_of(endpoint)}") from None

    def receive(self, timeout: float) -> Body | None:
        """Return the next message; None after `timeout` seconds without one, or if it is not a JSON object."""
        try:
            self._receive_until = time.monotonic() + max(timeout, 0.001)
            opcode, data = self._socket.recv_data()
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketException, OSError):
            raise SocketLostError("the WebSocket broke") from None
        if opcode == _CLOSE:
            raise SocketLostError("the WebSocket was closed")
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            return None
        return message if opcode == _TEXT and isinstance(message, dict) else None

    def send(self, action: str) -> None:
        """Send the action `status`, `refresh`, `cancel` or `ping`."""
        try:
            self._socket.settimeout(self._timeout)
            self._socket.send(json.dumps({"action": action}))
        except (websocket.WebSocketException, OSError):
            raise SocketLostError("the WebSocket broke") from None

    def _receive_bytes(self, count: int) -> bytes:
        """Return up to `count` bytes; raises WebSocketTimeoutException at the end of `receive`.

        Pings, which `recv_data` answers and skips, and a message that arrives byte by byte do not extend its time.
        """
        seconds_left = self._receive_until - time.monotonic()
        if seconds_left <= 0:
            raise websocket.WebSocketTimeoutException("no message in time")
        self._socket.settimeout(seconds_left)
        return bytes(self._socket._recv(count))  # type: ignore[no-untyped-call] # websocket-client has no types

    def abort(self) -> None:
        """Interrupt a `receive` that blocks in another thread."""
        if self._socket.sock:
            self._socket.sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            self._socket.settimeout(1)
            self._socket.send_close()
        self._socket.shutdown()  # type: ignore[no-untyped-call] # websocket-client has no types


def _with_ticket_as_header(endpoint: str) -> tuple[str, list[str]]:
    """Return the endpoint without its ticket, and the header that carries the ticket instead."""
    parts = urlsplit(endpoint)
    query = parse_qsl(parts.query, keep_blank_values=True)
    tickets = [value for name, value in query if name == "ticket"]
    rest = urlencode([(name, value) for name, value in query if name != "ticket"])
    return parts._replace(query=rest).geturl(), [f"X-Download-Ticket: {ticket}" for ticket in tickets]


@contextlib.contextmanager
def _shut_down_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """Shut down a connection when the block takes longer, which a time-out of the socket does not limit."""

    def shut_down() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _check_size(size: int) -> None:
    if size > MAX_MESSAGE_BYTES:
        raise websocket.WebSocketPayloadException(f"a message of more than {MAX_MESSAGE_BYTES} bytes")
