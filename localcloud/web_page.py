"""The web page of `client/web` on a loopback port, with a config.json that names the stack's API."""

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self, cast
from urllib.parse import urlsplit

from localcloud.paths import FOLDER

__all__ = ["WebPage"]

_FILES: Final = FOLDER / "client" / "web"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS: Final = {
    "Cache-Control": "no-store",  # an edited file is there at the next reload
    "Content-Security-Policy": "frame-ancestors 'none'",  # the one rule that a page cannot set for itself
    "X-Content-Type-Options": "nosniff",
}


class WebPage:
    """The server, as a context manager; it answers while the block runs.

    Attributes:
        config: what config.json holds; there is none while it is empty.
    """

    def __init__(self) -> None:
        self.config: Mapping[str, object] = {}
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="web-page", daemon=True)

    @property
    def origin(self) -> str:
        """What a browser calls the page's origin, e.g. `http://127.0.0.1:40123`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Where to point a browser."""
        return f"{self.origin}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def file(self, path: str) -> tuple[bytes, str] | None:
        """Content and type of a file of the page, by the path of a request."""
        name = path.removeprefix("/") or "index.html"
        if name == "config.json" and self.config:
            return json.dumps(dict(self.config)).encode(), "application/json"
        found = {each.name: each for each in _FILES.iterdir() if each.suffix in _TYPES}.get(name)
        return (found.read_bytes(), f"{_TYPES[found.suffix]}; charset=utf-8") if found else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, page: WebPage) -> None:
        self.page = page
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "page"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        found = cast(_Server, self.server).page.file(urlsplit(self.path).path)
        content, kind = found or (b"There is no such file.\n", "text/plain")
        self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing: what matters is at the API."""
