"""The WebSocket, as much of it as a waiting client needs."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Self

import websocket

from async_download_client.messages import Body
from async_download_client.transport import USER_AGENT, host_of

__all__ = ["SocketLostError", "SocketRefusedError", "WebSocket"]

_CLOSE, _TEXT = 0x8, 0x1


class SocketLostError(Exception):
    """It could not be opened, or broke. Its text holds no URL."""


class SocketRefusedError(SocketLostError):
    """The handshake was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the WebSocket was refused (HTTP {status})")
        self.is_final = status < 500 and status != 429


class WebSocket:
    """An open socket, as a context manager."""

    def __init__(self, endpoint: str, timeout: float) -> None:
        self._timeout = timeout
        try:
            self._socket = websocket.create_connection(endpoint, timeout=timeout, header=[f"User-Agent: {USER_AGENT}"])
        except websocket.WebSocketBadStatusException as error:
            raise SocketRefusedError(error.status_code) from None
        except (websocket.WebSocketException, OSError, ValueError):
            raise SocketLostError(f"no WebSocket to {host_of(endpoint)}") from None

    def receive(self, timeout: float) -> Body | None:
        """The next message; None when there was none in so many seconds, or when it is no JSON object."""
        try:
            self._socket.settimeout(max(timeout, 0.001))
            opcode, data = self._socket.recv_data()
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketException, OSError):
            raise SocketLostError("the WebSocket broke") from None
        if opcode == _CLOSE:
            raise SocketLostError("the WebSocket was closed")
        try:
            message = json.loads(data)
        except ValueError:
            return None
        return message if opcode == _TEXT and isinstance(message, dict) else None

    def send(self, action: str) -> None:
        """Ask for `status`, `refresh` or `cancel`, or send a `ping`."""
        try:
            self._socket.settimeout(self._timeout)
            self._socket.send(json.dumps({"action": action}))
        except (websocket.WebSocketException, OSError):
            raise SocketLostError("the WebSocket broke") from None

    def abort(self) -> None:
        """Wake up whoever receives; from another thread."""
        if self._socket.sock:
            self._socket.sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            self._socket.settimeout(1)
            self._socket.send_close()
        self._socket.shutdown()  # type: ignore[no-untyped-call] # theirs
