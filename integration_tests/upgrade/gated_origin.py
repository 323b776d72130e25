"""An HTTP origin whose files are complete only when a test says so.

`/GROUP/KIND/SIZE-NAME` is a file of so many bytes, which depend on its path. Until the gate of its group is open:

- `prepared` is answered with 202, for the first time with the Retry-After of the group;
- `slow` sends its first bytes, and then a byte a second;
- `ranged` sends its first range, and of the others a byte a second.
"""

from __future__ import annotations

import contextlib
import random
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

FIRST_BYTES = 100
_PATH = re.compile(r"/(\w+)/(prepared|slow|ranged)/(\d+)-\w+")
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def content(path: str) -> bytes:
    """Return the bytes of a file; `path` begins with a slash."""
    match = _PATH.fullmatch(path)
    assert match, path
    return random.Random(path).randbytes(int(match[3]))


@dataclass
class Group:
    """Files that are complete at the same time, and the Retry-After of the first answer to `prepared`."""

    retry_after: int
    gate: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class GatedOrigin:
    """A running origin."""

    base_url: str
    groups: Mapping[str, Group]

    def complete(self, group: str) -> None:
        """Open the gate of a group."""
        self.groups[group].gate.set()


@contextmanager
def gated_origin(groups: Mapping[str, Group]) -> Iterator[GatedOrigin]:
    """Serve until the end of the context, where all gates are opened."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.groups, server.answered = groups, set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield GatedOrigin(f"http://127.0.0.1:{server.server_port}/", groups)
    finally:
        for group in groups.values():
            group.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    groups: Mapping[str, Group]
    answered: set[str]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Serve a connection until either side closes it."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        server, match = cast(_Server, self.server), _PATH.fullmatch(self.path)
        if match is None:
            self._head(404, {"Content-Length": "0"})
            return
        group, kind = server.groups[match[1]], match[2]
        if kind == "prepared" and not group.gate.is_set():
            is_first = self.path not in server.answered
            server.answered.add(self.path)
            headers = {"Retry-After": str(group.retry_after)} if is_first else {}
            self._head(202, {"Content-Length": "0", **headers})
            return
        body, requested = content(self.path), _RANGE.fullmatch(self.headers.get("Range", ""))
        if kind == "ranged" and requested:
            first, last = int(requested[1]), int(requested[2] or len(body) - 1)
            self._head(
                206,
                {"Content-Range": f"bytes {first}-{min(last, len(body) - 1)}/{len(body)}"}
                | _length(body[first : last + 1]),
            )
            self._send(body[first : last + 1], group.gate if first else None)
            return
        self._head(200, _length(body))
        self._send(body, group.gate if kind == "slow" else None)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, body: bytes, gate: threading.Event | None) -> None:
        sent = 0
        if gate is not None:
            sent = FIRST_BYTES
            self.wfile.write(body[:sent])
            while not gate.wait(1) and sent < len(body) - 1:
                self.wfile.write(body[sent : sent + 1])
                sent += 1
        self.wfile.write(body[sent:])


def _length(body: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(body)), "ETag": '"first"', "Content-Type": "application/octet-stream"}
