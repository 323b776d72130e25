"""Serves the web page of `client/web` on a loopback port, with a config.json that names the stack's API."""

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self, cast
from urllib.parse import urlsplit

from localcloud.paths import FOLDER

_FILES: Final = FOLDER / "client" / "web"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS: Final = {
    "Cache-Control": "no-store",  # a reload shows an edited file
    "Content-Security-Policy": "frame-ancestors 'none'",  # a page cannot set this rule by a meta element
    "X-Content-Type-Options": "nosniff",
}


class WebPage:
    """The server, as a context manager.

    Attributes:
        config: what config.json holds; there is none while it is empty.
    """

    def __init__(self) -> None:
        self.config: Mapping[str, object] = {}
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="web-page", daemon=True)

    @property
    def origin(self) -> str:
        """Return the page's origin, such as `http://127.0.0.1:40123`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Return the page's URL."""
        return f"{self.origin}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def file(self, path: str) -> tuple[bytes, str] | None:
        """Return content and type of a file of the page, by the path of a request."""
        name = path.removeprefix("/") or "index.html"
        if name == "config.json" and self.config:
            return json.dumps(dict(self.config)).encode(), "application/json"
        asset = {path.name: path for path in _FILES.iterdir() if path.suffix in _TYPES}.get(name)
        return (asset.read_bytes(), f"{_TYPES[asset.suffix]}; charset=utf-8") if asset else None


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
        file = cast(_Server, self.server).page.file(urlsplit(self.path).path)
        content, kind = file or (b"There is no such file.\n", "text/plain")
        self.send_response(HTTPStatus.OK if file else HTTPStatus.NOT_FOUND)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Log nothing: the API's requests are logged."""
