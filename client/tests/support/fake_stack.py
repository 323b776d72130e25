"""A scripted stack and its S3 on one port of this machine, over real sockets."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import random
import re
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple, cast

from client.tests.support.loopback import Handler, Loopback

ID, SECRET, SIGNATURE = "0123456789abcdef0123456789abcdef", "the-secret-of-the-ticket", "the-signature-of-the-url"
TICKET = f"{ID}.{SECRET}"
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class ReceivedRequest(NamedTuple):
    """A request that the server received; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Fault:
    """A fault in one response of S3: a status, an ignored range, other bytes, a cut or silence."""

    status: int | None = None
    ranges: bool = True
    content: bytes | None = None
    cut: int | None = None
    silent: bool = False
    shift: int = 0
    length: bool = True


class Peer:
    """The server's end of a WebSocket."""

    def __init__(self, connection: socket.socket, stack: FakeStack) -> None:
        self._connection, self._stack = connection, stack
        self.stopping = stack.stopping

    def send(self, message: dict[str, object]) -> None:
        """Send one message, as its text frame."""
        self.send_raw(json.dumps(message).encode())

    def send_raw(self, data: bytes) -> None:
        """Send a text frame."""
        length = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
        self._connection.sendall(b"\x81" + length + data)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes that need not be a whole frame."""
        self._connection.sendall(data)

    def receive(self) -> str | None:
        """Return the action of the next message; None when the client has closed the socket."""
        head = self._read(2)
        if head is None or head[0] & 0xF == 0x8:
            return None
        if head[0] & 0xF == 0xA:  # a pong, without payload
            self._read(4)
            return self.receive()
        assert head[1] & 0x80, "a client masks its frames"
        length = head[1] & 0x7F
        assert length < 126, "actions are shorter"
        mask, data = self._read(4), self._read(length)
        assert mask is not None
        assert data is not None
        text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        action = str(json.loads(text)["action"])
        self._stack.actions.append(action)
        return action

    def close(self) -> None:
        """Send a close frame, like API Gateway after two hours."""
        self._connection.sendall(b"\x88\x02" + struct.pack(">H", 1001))

    def _read(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            with contextlib.suppress(ConnectionError):
                if piece := self._connection.recv(count - len(data)):
                    data += piece
                    continue
            return None
        return data


Script = Callable[[Peer], object]


class FakeStack(Loopback):
    """The server, as a context manager.

    `sockets`: per WebSocket a script or the status of a refusal; the last entry is used again for all further ones.
    `rest`: responses to API calls before they succeed. `faults`: one per GET of the object. `expired`: URLs that S3
    refuses. `broken_ranges`: positions at which S3 breaks off. `on_get`: called for each GET of the object.
    `trickle`: whether API responses are sent byte by byte. `promised`: overrides fields of the file.
    """

    def __init__(self, size: int = 300_000) -> None:
        super().__init__(_Handler)
        self.content = random.Random(size).randbytes(size)
        self.etag = '"made-up-etag"'
        self.sockets: list[Script | int] = [self.send_ready]
        self.rest: list[int | tuple[int, dict[str, object]]] = []
        self.retry_after = ""  # of error responses
        self.faults: list[Fault] = []
        self.ranges = True
        self.trickle = False
        self.expired: set[str] = set()
        self.broken_ranges: set[int] = set()
        self.on_get: Callable[[], object] = lambda: None
        self.state: dict[str, object] = {"status": "COPYING", "copiedBytes": 7, "size": size}
        self.promised: dict[str, object] = {}
        self.requests: list[ReceivedRequest] = []
        self.actions: list[str] = []
        self.signed = 0
        self.api_url = f"{self.url}/v1"
        self.s3_url = self.url
        self.web_socket_url = f"ws{self.url.removeprefix('http')}/socket"

    def file(self) -> dict[str, object]:
        """Return the file as in API responses, with a new URL."""
        self.signed += 1
        crc32 = base64.b64encode(zlib.crc32(self.content).to_bytes(4, "big")).decode()
        return {
            "url": f"{self.s3_url}/s3/object?n={self.signed}&X-Amz-Signature={SIGNATURE}",
            "expiresAt": "2030-01-01T00:00:00Z",
            "size": len(self.content),
            "contentType": "application/octet-stream",
            "fileName": "report.bin",
            "etag": self.etag,
            "checksum": {"algorithm": "CRC32", "value": crc32},
            **self.promised,
        }

    @property
    def accepted(self) -> dict[str, object]:
        """The response to a request for a download."""
        return {
            "downloadId": ID,
            "executionArn": f"arn:aws:states:eu-central-1:000000000000:execution:transfer:{ID}",
            "webSocketEndpoint": f"{self.web_socket_url}?ticket={TICKET}",
            "statusUrl": f"{self.api_url}/downloads/{ID}",
            "expiresAt": "2030-01-01T00:00:00Z",
        }

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    def message(self, kind: str, **more: object) -> dict[str, object]:
        """Return a WebSocket message."""
        return {"type": kind, "version": 1, "messageId": f"{ID}-{kind}", "downloadId": ID, **more}

    def send_ready(self, peer: Peer) -> None:
        """Send `ready`, and read until the client closes the socket."""
        peer.send(self.message("ready", **self.file()))
        while peer.receive():
            pass

    def set_ready(self) -> None:
        """Let the API return READY from now on."""
        self.state = {"status": "READY"}

    def fail(self) -> None:
        """Let the download fail because the origin has no such file."""
        error = {"code": "ORIGIN_NOT_FOUND", "message": "The origin has no such file (HTTP 404)."}
        self.sockets = [lambda peer: peer.send(self.message("failed", error=error))]

    def stay_silent(self) -> None:
        """Send no message on the WebSocket."""
        self.sockets = [lambda peer: peer.stopping.wait(30)]

    def gets(self, prefix: str) -> list[ReceivedRequest]:
        """Return the GETs of paths with this prefix."""
        return [request for request in self.requests if request.method == "GET" and request.path.startswith(prefix)]


class _Handler(Handler, BaseHTTPRequestHandler):
    @property
    def stack(self) -> FakeStack:
        return cast(FakeStack, self.loopback)

    def do_GET(self) -> None:
        self._record(b"")
        if self.path.startswith("/socket"):
            self._socket()
        elif self.path.startswith("/s3/"):
            self._parse_object()
        elif self._api():
            file = {"download": self.stack.file()} if self.stack.state["status"] == "READY" else {}
            self._json(200, {"downloadId": ID, **self.stack.state, **file})

    def do_POST(self) -> None:
        self._record(self.rfile.read(int(self.headers["Content-Length"])))
        if self._api():
            self._json(202, self.stack.accepted)

    def do_DELETE(self) -> None:
        self._record(b"")
        if self._api():
            self._json(202, {"downloadId": ID, "status": "CANCELLED"})

    def _record(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.stack.requests.append(ReceivedRequest(self.command, self.path, headers, body))

    def _api(self) -> bool:
        """Return True if the call may succeed; otherwise send the next scripted response."""
        if not self.stack.rest:
            return True
        next_answer = self.stack.rest.pop(0)
        status, body = next_answer if isinstance(next_answer, tuple) else (next_answer, {})
        self._json(status, body)
        return False

    def _json(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        retry_after = {"Retry-After": self.stack.retry_after} if status >= 400 and self.stack.retry_after else {}
        self.respond(status, {"Content-Type": "application/json", **retry_after}, len(data))
        with contextlib.suppress(ConnectionError):  # the client may close the connection early
            for byte in data if self.stack.trickle else ():
                self.wfile.write(bytes([byte]))
                self.stack.stopping.wait(0.02)
            self.wfile.write(b"" if self.stack.trickle else data)

    def _socket(self) -> None:
        self.close_connection = True
        scripts = self.stack.sockets
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        if isinstance(script, int):
            return self._json(script, {"message": "Forbidden"})
        accept = hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + _MAGIC, usedforsecurity=False).digest()
        headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
        self.respond(101, {**headers, "Sec-WebSocket-Accept": base64.b64encode(accept).decode()}, None)
        with contextlib.suppress(ConnectionError):
            script(Peer(self.connection, self.stack))
        return None

    def _parse_object(self) -> None:
        self.stack.on_get()
        fault = self.stack.faults.pop(0) if self.stack.faults else Fault(ranges=self.stack.ranges)
        if f"{self.stack.url}{self.path}" in self.stack.expired:
            return self._json(403, {})
        if fault.status:
            return self._json(fault.status, {})
        if self.headers.get("If-Match", self.stack.etag) != self.stack.etag:
            return self._json(412, {})
        content = self.stack.content if fault.content is None else fault.content
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if fault.ranges else None
        start, end = (int(match[1]), min(int(match[2]) + 1, len(content))) if match else (0, len(content))
        if start in self.stack.broken_ranges:
            return self._json(503, {})
        broken = min(
            (position - start for position in self.stack.broken_ranges if start < position < end), default=None
        )
        cut = broken if fault.cut is None else min(fault.cut, broken or fault.cut)
        start += fault.shift
        content_range = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"} if match else {}
        self.respond(
            206 if match else 200, {"ETag": self.stack.etag, **content_range}, end - start if fault.length else None
        )
        self.wfile.write(content[start : end if cut is None else min(end, start + cut)])
        if fault.silent:
            self.stack.stopping.wait(self.timeout)
        self.close_connection = self.close_connection or cut is not None or not fault.length
        return None
