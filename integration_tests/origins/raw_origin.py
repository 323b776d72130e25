"""An origin on loopback that sends what the cases declare; the path of a request names client and case."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from integration_tests.origins.case import Case, End, Reply, Rule
from tests.runtime.support.http_server import Exchange, Server

SOCKET_SECONDS = 120  # more than a client waits for
NOT_FOUND = Reply(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", end=End.OPEN)
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class Request:
    """A request for a file of a case; header names in lower case."""

    client: str
    folder: str
    path: str
    headers: Mapping[str, str]


class RawOrigin:
    """The server of the cases: `/CLIENT/CASE/PATH` is answered by the first rule that fits."""

    def __init__(self, cases: Iterable[Case], certificate: Path | None = None) -> None:
        """Start it; with a certificate it speaks TLS."""
        self._cases = {case.folder: case for case in cases}
        self._counts: Counter[tuple[object, ...]] = Counter()
        self._lock = threading.Lock()
        self._scheme = "https" if certificate else "http"
        options = {"tls": True, "certificate": certificate} if certificate else {}
        self._server = Server(self._answer, keep=True, **options)  # type: ignore[arg-type]

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._server.port

    @property
    def base_url(self) -> str:
        """The URL of the origin, with the closing slash."""
        return f"{self._scheme}://127.0.0.1:{self.port}/"

    def close(self) -> None:
        """Stop it."""
        self._server.close()

    def _answer(self, exchange: Exchange) -> None:
        request = _parse(exchange.head)
        case = self._cases.get(request.folder)
        rule, count = self._choose(case, request) if case else (None, 0)
        answer = rule.reply if rule else NOT_FOUND
        file = case.file if case else b""
        exchange.sock.settimeout(SOCKET_SECONDS)
        first, last = _range(request, len(file), answer.limit)
        values: dict[str, object] = {
            "first": first,
            "last": last,
            "length": last + 1 - first,
            "total": len(file),
            "count": count,
        }
        values |= {"host": f"127.0.0.1:{self.port}", "port": self.port}
        values |= {"path": f"/{request.client}/{request.folder}", "folder": request.folder}
        exchange.send_raw(_fill(answer.head, values))
        for piece in (file[first : last + 1],) if answer.body is None else answer.body:
            if isinstance(piece, bytes):
                exchange.send_raw(piece)
            else:
                exchange.closed.wait(piece)
        _end(exchange, answer.end)

    def _choose(self, case: Case, request: Request) -> tuple[Rule | None, int]:
        """Return the rule of a request, and how many requests of the client this case has had."""
        with self._lock:
            self._counts[request.client, case.folder] += 1
            count = self._counts[request.client, case.folder]
            for number, rule in enumerate(case.rules):
                key = (request.client, case.folder, number)
                if _fits(rule, case, request) and (rule.times is None or self._counts[key] < rule.times):
                    self._counts[key] += 1
                    return rule, count
            return None, count


def _fits(rule: Rule, case: Case, request: Request) -> bool:
    path = rule.path or case.target or case.path
    values = ((pattern, request.headers.get(name, "")) for name, pattern in rule.headers.items())
    return path == request.path and all(re.fullmatch(pattern, value) for pattern, value in values)


def _parse(head: str) -> Request:
    request_line, *lines = head.split("\r\n")
    _, client, folder, path = [*request_line.split(" ")[1].split("/", 3), "", "", ""][:4]
    pairs = [line.partition(":") for line in lines if line]
    return Request(client, folder, path, {name.lower(): value.strip() for name, _, value in pairs})


def _range(request: Request, total: int, limit: int | None) -> tuple[int, int]:
    """Return the first and the last requested byte."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    first, last = (int(match[1]), int(match[2] or total - 1)) if match else (0, total - 1)
    return first, min(last, total - 1, total if limit is None else first + limit - 1)


def _fill(head: bytes, values: Mapping[str, object]) -> bytes:
    for name, value in values.items():
        head = head.replace(b"{%s}" % name.encode(), str(value).encode())
    return head


def _end(exchange: Exchange, end: End) -> None:
    if end is End.OPEN:
        return
    if end is End.RESET:
        exchange.reset()
        return
    with suppress(OSError):
        if end is End.CLOSE and hasattr(exchange.sock, "unwrap"):
            exchange.sock.settimeout(1)  # not every client answers close_notify
            exchange.sock.unwrap()
    exchange.sock.close()


@contextmanager
def raw_origin(cases: Iterable[Case], certificate: Path | None = None) -> Iterator[RawOrigin]:
    """Run the server until the context ends."""
    server = RawOrigin(cases, certificate)
    try:
        yield server
    finally:
        server.close()
