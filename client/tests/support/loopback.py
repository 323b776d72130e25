"""A server on a port of this machine, for as long as a test wants it."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast


class Loopback:
    """The server, as a context manager; each of its threads handles a connection, until `stopping` at the latest."""

    def __init__(self, handler: type[Handler]) -> None:
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), handler)
        cast(Any, self._server).loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    """One connection, without delay and without a word; `loopback` is the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30.0

    @property
    def loopback(self) -> Any:
        return cast(Any, self.server).loopback

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """That a client hung up is no news."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
