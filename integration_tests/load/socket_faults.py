"""WebSockets that the server closes, and WebSockets whose messages are lost before that, as an ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any

from integration_tests.load import schedule
from integration_tests.load.function_faults import HANDSHAKE
from integration_tests.load.injector import Injector
from integration_tests.load.request_faults import App, Message

OPEN_SECONDS = (0.0, 2.0)
MUTE_SECONDS = 2.0
GOING_AWAY = 1001


def with_socket_faults(app: App, injector: Injector) -> App:
    """Return the application with faults in front of it, and with handshakes that fail with 5xx as on AWS."""

    async def wrapped(scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            return await app(scope, receive, send)
        HANDSHAKE.set([])
        fault = injector.draw((schedule.SOCKET_CLOSED, schedule.SOCKET_MUTE))
        socket = _FaultySocket(receive, send, injector, fault)
        return await app(scope, socket.receive, socket.send)

    return wrapped


class _FaultySocket:
    """The two directions of a WebSocket."""

    def __init__(self, receive: Any, send: Any, injector: Injector, fault: str | None) -> None:
        self._receive, self._send, self._injector, self._fault = receive, send, injector, fault
        self._closed = asyncio.Event()
        self._is_open = self._is_mute = False
        self._task: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """Return the client's next message, or that it has disconnected."""
        receiving, closing = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({receiving, closing}, return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                message: Message = receiving.result()
                return message
            return {"type": "websocket.disconnect", "code": GOING_AWAY}
        finally:
            closing.cancel()
            receiving.cancel()

    async def send(self, message: Message) -> None:
        """Send a message of the server, unless it is lost."""
        if self._closed.is_set() or (self._is_mute and message["type"] == "websocket.send"):
            return
        statuses = HANDSHAKE.get()
        if message["type"] == "websocket.close" and not self._is_open and statuses and statuses[-1] >= 500:
            await self._refuse(statuses[-1])
            return
        await self._send(message)
        if message["type"] == "websocket.accept":
            self._is_open = True
            if self._fault is not None:
                self._task = asyncio.create_task(self._fail(self._fault))
        elif message["type"] == "websocket.close":
            self._is_open = False

    async def _refuse(self, status: int) -> None:
        head = {"type": "websocket.http.response.start", "status": status, "headers": [(b"content-length", b"0")]}
        await self._send(head)
        await self._send({"type": "websocket.http.response.body", "body": b""})

    async def _fail(self, fault: str) -> None:
        await asyncio.sleep(self._injector.uniform(*OPEN_SECONDS))
        if not self._is_open:
            return
        self._injector.record(fault, "socket", None)
        if fault == schedule.SOCKET_MUTE:
            self._is_mute = True
            await asyncio.sleep(MUTE_SECONDS)
        if self._is_open:
            self._closed.set()
            await self._send({"type": "websocket.close", "code": GOING_AWAY})
