"""A WebSocket client that hides nothing, on websocket-client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import websocket

from tools import protocol

Message = dict[str, Any]
LONGEST_FRAME = 32 * 1024
NESTED = 600  # brackets: the emulator reads messages itself and fails beyond Python's limit; unit tests send more


class RefusedError(Exception):
    """The handshake was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The handshake was answered with {status}")
        self.status = status


class SilenceError(AssertionError):
    """The message that was waited for did not come; says what came instead."""


class ClosedError(SilenceError):
    """The server closed; `code` is None when it did so without a word."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class Socket:
    """One connection; `seen` holds every message that came, in order."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout: float = 15) -> None:
        """Connect.

        Raises:
            RefusedError: the server did not want us.
        """
        self.seen: list[Message] = []
        try:
            self._ws = websocket.create_connection(url, timeout=timeout, header=dict(headers or {}))
        except websocket.WebSocketBadStatusException as error:
            raise RefusedError(error.status_code) from None

    def receive(self, *types: str, deadline: float = 15) -> Message:
        """The next message of one of these types (any, when none is named); others are only noted.

        Raises:
            SilenceError: none came in time.
            ClosedError: the server closed.
            OffProtocolError: one came that docs/protocol.schema.json does not allow.
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
                raise ClosedError(f"Closed while waiting for {types}; came before: {self.kinds()}", code)
            message: Message = json.loads(data)
            protocol.check_told(message)
            self.seen.append(message)
            if not types or message["type"] in types:
                return message
        raise SilenceError(f"None of {types} within {deadline:g} s; came instead: {self.kinds()}")

    def kinds(self) -> list[str]:
        """The types of the messages so far."""
        return [str(message["type"]) for message in self.seen]

    def send(self, message: Mapping[str, object] | str) -> None:
        """Send an object as JSON, or a text as it is; a long one in frames as short as API Gateway wants them."""
        data = (message if isinstance(message, str) else json.dumps(message)).encode()
        pieces = [data[at : at + LONGEST_FRAME] for at in range(0, len(data), LONGEST_FRAME)] or [b""]
        for number, piece in enumerate(pieces):
            kind = websocket.ABNF.OPCODE_CONT if number else websocket.ABNF.OPCODE_TEXT
            self._ws.send_frame(websocket.ABNF.create_frame(piece, kind, int(number == len(pieces) - 1)))

    def send_whole(self, text: str) -> None:
        """Send a text in one frame, however long it is."""
        self._ws.send_frame(websocket.ABNF.create_frame(text.encode(), websocket.ABNF.OPCODE_TEXT))

    def send_slowly(self, text: str) -> Iterator[int]:
        """Send a text a byte at a time; gives the number of each byte that is on its way."""
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
        """Wait until the server has closed, and give its code; raises SilenceError when it has not."""
        end = time.monotonic() + deadline
        while True:
            try:
                self.receive(deadline=end - time.monotonic())
            except ClosedError as closed:
                return closed.code

    def close(self) -> None:
        """Close, as a client does that has what it came for."""
        self._ws.close(timeout=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()
