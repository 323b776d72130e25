"""An HTTP proxy on this machine that sends every request to one server, whatever host it names."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import threading
from socketserver import StreamRequestHandler
from typing import Any, cast
from urllib.parse import urlsplit

from client.tests.support.loopback import Loopback


class HttpProxy(Loopback):
    """The proxy, as a context manager.

    `credentials` is the expected value of Proxy-Authorization; `status` answers every request; `heads` are the first
    lines and the headers that were received.
    """

    def __init__(self, upstream: str, credentials: str = "", status: int | None = None) -> None:
        super().__init__(_Handler)
        self.upstream = ("127.0.0.1", urlsplit(upstream).port or 0)
        self.credentials, self.status = credentials, status
        self.heads: list[str] = []
        self.address = urlsplit(self.url).netloc

    @property
    def request_lines(self) -> list[str]:
        """The methods and targets that were received."""
        return [" ".join(head.split(" ")[:2]) for head in self.heads]


class _Handler(StreamRequestHandler):
    timeout = 20

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._handle(cast(Any, self.server).loopback)

    def _handle(self, proxy: HttpProxy) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (line := self.rfile.readline()):
                return
            head += line
        text = head.decode("latin-1")
        proxy.heads.append(text)
        expected = f"Proxy-Authorization: {proxy.credentials}\r\n"
        status = proxy.status or (407 if proxy.credentials and expected not in text else None)
        if status:
            self.wfile.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return
        with socket.create_connection(proxy.upstream, timeout=20) as server:
            if text.startswith("CONNECT "):
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                text = re.sub(r"^(\w+) http://[^/]+", r"\1 ", text)
                text = re.sub(r"(?i)\r\n(proxy-authorization|connection): [^\r]*", "", text)
                server.sendall(text.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").encode("latin-1"))
            self._relay(server)

    def _relay(self, server: socket.socket) -> None:
        def send() -> None:
            with contextlib.suppress(OSError, ValueError):
                while data := self.rfile.read1(65_536):
                    server.sendall(data)

        threading.Thread(target=send, daemon=True).start()
        with server.makefile("rb", buffering=0) as received:
            shutil.copyfileobj(received, self.wfile)
