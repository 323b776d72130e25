"""A WebSocket client that keeps every message, errors included."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

import websocket

from tools import protocol

Message = dict[str, Any]
MAX_FRAME_BYTES = 32 * 1024
NESTED_BRACKETS = 600  # the emulator parses messages too, and fails beyond Python's limit


class HandshakeRefusedError(Exception):
    """The handshake was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The handshake was answered with {status}")
        self.status = status


class NoMessageError(AssertionError):
    """No message of the expected type came; the error lists the types that did."""


class SocketClosedError(NoMessageError):
    """The server closed the socket; `code` is None when it sent no close frame."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class Socket:
    """One connection; `messages` holds every message received so far, in order."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout: float = 15) -> None:
        """Connect.

        Raises:
            HandshakeRefusedError: the handshake was not answered with 101.
        """
        self.messages: list[Message] = []
        try:
            self._ws = websocket.create_connection(url, timeout=timeout, header=dict(headers or {}))
        except websocket.WebSocketBadStatusException as error:
            raise HandshakeRefusedError(error.status_code) from None

    def receive(self, *types: str, deadline: float = 15) -> Message:
        """Return the next message of one of these types, or of any type when none is named.

        Raises:
            NoMessageError: none came in time.
            SocketClosedError: the server closed.
            ProtocolMismatchError: a message differs from docs/protocol.schema.json.
        """
        end = time.monotonic() + deadline
        while (left := end - time.monotonic()) > 0:
            self._ws.settimeout(left)
            try:
                kind, data = self._ws.recv_data()
            except websocket.WebSocketTimeoutException:
                break
            except (websocket.WebSocketConnectionClosedException, ConnectionResetError):
                kind, data = websocket.ABNF.OPCODE_CLOSE, b""
            if kind == websocket.ABNF.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big") if len(data) >= 2 else None
                raise SocketClosedError(f"Closed while waiting for {types}; received before: {self.types()}", code)
            message: Message = json.loads(data)
            protocol.check_server_message(message)
            self.messages.append(message)
            if not types or message["type"] in types:
                return message
        raise NoMessageError(f"None of {types} within {deadline:g} s; received instead: {self.types()}")

    def types(self) -> list[str]:
        """Return the types of the messages received so far."""
        return [str(message["type"]) for message in self.messages]

    def send(self, message: Mapping[str, object] | str) -> None:
        """Send an object as JSON, or a text unchanged, in frames of at most 32 KB, as API Gateway requires."""
        data = (message if isinstance(message, str) else json.dumps(message)).encode()
        pieces = [data[at : at + MAX_FRAME_BYTES] for at in range(0, len(data), MAX_FRAME_BYTES)] or [b""]
        for number, piece in enumerate(pieces):
            kind = websocket.ABNF.OPCODE_CONT if number else websocket.ABNF.OPCODE_TEXT
            self._ws.send_frame(websocket.ABNF.create_frame(piece, kind, int(number == len(pieces) - 1)))

    def send_whole(self, text: str) -> None:
        """Send a text in one frame of any length."""
        self._ws.send_frame(websocket.ABNF.create_frame(text.encode(), websocket.ABNF.OPCODE_TEXT))

    def send_slowly(self, text: str) -> Iterator[int]:
        """Send a text byte by byte; yield the number of each byte after it was sent."""
        frame = websocket.ABNF.create_frame(text.encode(), websocket.ABNF.OPCODE_TEXT).format()
        assert self._ws.sock is not None
        for number in range(len(frame)):
            self._ws.sock.sendall(frame[number : number + 1])
            yield number

    def ask(self, action: str, *answers: str, deadline: float = 15) -> Message:
        """Send `{"action": action}` and wait for one of the answers."""
        self.send({"action": action})
        return self.receive(*answers, deadline=deadline)

    def wait_closed(self, deadline: float = 10) -> int | None:
        """Wait until the server closes, and return its code; raise NoMessageError if it does not."""
        end = time.monotonic() + deadline
        while True:
            try:
                self.receive(deadline=end - time.monotonic())
            except SocketClosedError as closed:
                return closed.code

    def close(self) -> None:
        """Close the connection from the client's side."""
        self._ws.close(timeout=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
