"""An HTTP server on a port of this machine, for the length of a test."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler
from typing import Any, Self, cast


class Loopback:
    """The server, as a context manager; handlers that wait do so on `stopping`, which is set at the end."""

    def __init__(self, handler: type[StreamRequestHandler], certificate: Path | None = None) -> None:
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        cast(Any, self._server).loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))
        self.url = f"{'https://localhost' if certificate else 'http://127.0.0.1'}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    """Handles the requests of one connection, without Nagle's delay and without a log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30.0

    @property
    def loopback(self) -> Any:
        return cast(Any, self.server).loopback

    def respond(self, status: int, headers: Mapping[str, str], length: int | None) -> None:
        """Send the head of a response; `length` is the Content-Length, if any."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    """A server that ignores closed connections."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
