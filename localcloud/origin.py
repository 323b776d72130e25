"""An HTTP origin for tests and the demo; options in the URL say how it answers.

`GET /files/<size>[-anything]` answers with that many bytes, always the same ones; size is `0`, `10MB` or `5MiB`.
Options in the query string:

    first_byte=SECONDS   think so long before answering      status=503[&location=URL][&retry_after=SECONDS]
    close_after=BYTES    hang up after so much of the body   status=0       reset the connection, answer nothing
    reset_after=BYTES    reset the connection after that     short=BYTES    announce all, send so much less, hang up
    stall_after=BYTES    say nothing more after that,        extra=BYTES    send so much more than the range
    stall=SECONDS        or go on after so long              ranges=no       ignore Range
    times=N, after=N     all these hold for the first N requests of this URL only; for those after the first N only
    length=no            chunked, no Content-Length          type=TYPE      another Content-Type
    etag=weak|none       a weak ETag, or none                rate=BYTES     so many bytes a second
    range_status=403     answer so to every range            max_range=BYTES  at most so much of a range
    if_match=412         answer so to every If-Match
    change_after=N[&grow=BYTES]  other content and ETag, and so much longer, after N requests

`{signature}` in a Location stands for a secret of this server, `Origin.signature`.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import secrets
import socket
import ssl
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self, cast
from urllib.parse import unquote, urlsplit

from localcloud.origin_options import ENDLESS, Options, options_of

BLOCK = 1 << 20
_PATTERN = random.Random(2011).randbytes(BLOCK)  # noqa: S311 - content, not a secret
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_FILE = re.compile(r"/+files/(\d+[A-Za-z]*)(?:[-.].*)?")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_EPOCH = 1_700_000_000
_SIGNATURE = "{signature}"


class Request(NamedTuple):
    """A request that the origin received; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]


def parse_size(text: str) -> int:
    """Return the bytes of `10MB` (decimal), `5MiB` (binary) or `17`; raise ValueError for other texts."""
    match = re.fullmatch(r"(\d+)([A-Za-z]*)", text)
    if not match or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is no size: digits, then one of {', '.join(filter(None, _UNITS))} or nothing")
    return int(match[1]) * _UNITS[match[2]]


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return start and end (exclusive) of a `bytes=` range; None to ignore it; ValueError if not satisfiable."""
    match = _RANGE.fullmatch(header.strip())
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start, end = max(size - int(match[2]), 0), size
    else:
        start, end = int(match[1]), min(int(match[2]) + 1 if match[2] else size, size)
        if match[2] and int(match[2]) < start:
            return None
    if start >= end:
        raise ValueError(f"{header} of {size} bytes")
    return start, end


class Origin:
    """The server, as a context manager; `requests` holds its requests, `on_request` is called with each of them."""

    def __init__(
        self,
        *,
        port: int = 0,
        first_byte: float = 0.0,
        on_request: Callable[[Request], None] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.first_byte = first_byte
        self.requests: list[Request] = []
        self.signature = secrets.token_urlsafe(32)
        self.stopping = threading.Event()
        self._on_request = on_request
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._scheme = "https" if tls else "http"
        self._server = _Server(self, port)
        if tls:  # the thread of the connection does the TLS handshake
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="origin", daemon=True)

    @property
    def base_url(self) -> str:
        """Return the URL with the closing slash, such as `http://127.0.0.1:40123/`."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}/"

    def start(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and close open connections."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def saw(self, request: Request) -> int:
        """Record a request and return how many came for this URL with this method, including this one."""
        with self._lock:
            self.requests.append(request)
            self._counts[key := f"{request.method} {request.path}"] += 1
            count = self._counts[key]
        if self._on_request:
            self._on_request(request)
        return count

    @staticmethod
    def blocks(start: int, end: int, version: int = 0) -> Iterator[memoryview]:
        """Yield the bytes from start to end (exclusive) in views of at most 1 MiB, each valid until the next one."""
        block = bytearray(_PATTERN)
        view = memoryview(block)
        while start < end:
            index, offset = divmod(start, BLOCK)
            struct.pack_into(">HIH", block, 0, version, index, 0)
            piece = view[offset : min(offset + end - start, BLOCK)]
            yield piece
            start += len(piece)

    @classmethod
    def content(cls, size: int, start: int = 0, end: int | None = None, version: int = 0) -> bytes:
        """Return bytes start to end (exclusive) of the file of that size; version 1 comes after `change_after`."""
        return b"".join(map(bytes, cls.blocks(start, size if end is None else min(end, size), version)))

    @staticmethod
    @lru_cache(maxsize=64)
    def content_sha256(size: int, version: int = 0) -> str:
        """Return the SHA-256 of the file of that size, in hex."""
        digest = hashlib.sha256()
        for block in Origin.blocks(0, size, version):
            digest.update(block)
        return digest.hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, origin: Origin, port: int) -> None:
        self.origin = origin
        self._sockets: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._sockets.discard(request)
        lingering = struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]
        (self.close_request if lingering else super().shutdown_request)(request)  # else reset the connection

    def hang_up(self) -> None:
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(
            sys.exception(), ConnectionError | TimeoutError | ssl.SSLError
        ):  # the client has closed the connection
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "origin"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self) -> None:
        origin = cast(_Server, self.server).origin
        count = origin.saw(Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        parts = urlsplit(self.path)
        options = options_of(parts.query, count)
        origin.stopping.wait(origin.first_byte if options.first_byte is None else options.first_byte)
        if options.status == 0:
            self._reset()
        if options.status is not None:
            headers = {name: text.replace(_SIGNATURE, origin.signature) for name, text in options.status_headers}
            return self._brief(options.status, headers)
        file = _FILE.fullmatch(unquote(parts.path))
        try:
            size = parse_size(file[1] if file else "")
        except ValueError as error:
            return self._brief(HTTPStatus.NOT_FOUND, {}, str(error))
        return self._file(size + options.grown, options)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _file(self, size: int, options: Options) -> None:
        tag = f'"{size}-{options.version}"'
        etag = {"weak": f"W/{tag}", "none": None}.get(options.etag, tag)
        modified = formatdate(_EPOCH + options.version, usegmt=True)
        if_match = self.headers.get("If-Match")
        tags = [tag.strip() for tag in if_match.split(",")] if if_match else []
        if if_match and if_match.strip() != "*" and (etag not in tags or options.etag == "weak"):
            return self._brief(HTTPStatus.PRECONDITION_FAILED, {})
        if options.if_match is not None and if_match:
            return self._brief(options.if_match, {})
        if options.range_status is not None and "Range" in self.headers:
            return self._brief(options.range_status, {})
        headers = {"Last-Modified": modified, "Content-Type": options.content_type}
        headers |= {"ETag": etag} if etag else {}
        headers |= {"Accept-Ranges": "bytes"} if options.ranges else {}
        start, end, status = 0, size, HTTPStatus.OK
        strong = (etag, modified) if options.etag == "strong" else (modified,)
        same = self.headers.get("If-Range", etag or modified) in strong
        if "Accept-Ranges" in headers and (same or "If-Range" not in self.headers):
            try:
                part = parse_range(self.headers.get("Range", ""), size)
            except ValueError as error:
                return self._brief(416, {"Content-Range": f"bytes */{size}"}, str(error))
            if part:
                (start, end), status = part, HTTPStatus.PARTIAL_CONTENT
                end = min(end, start + (options.max_range or size))
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        total = end - start + options.extra
        headers |= {"Content-Length": str(total)} if options.length else {"Transfer-Encoding": "chunked"}
        self._head(status, headers)
        if self.command == "HEAD":
            return None
        breaking = min(options.close_after, options.reset_after, options.stall_after)
        sent = int(min(breaking, max(total - options.short, 0)))
        self._body(start, start + sent, options.version, not options.length, options.rate)
        if options.stall_after == sent < total:
            stopping = cast(_Server, self.server).origin.stopping
            if not stopping.wait(None if options.stall == ENDLESS else options.stall):
                self._body(start + sent, end, options.version, not options.length, options.rate)
                sent, breaking = total, ENDLESS
        if options.reset_after == sent < total:
            self._reset()
        self.close_connection = self.close_connection or sent < total
        if not options.length and breaking == ENDLESS:
            self.wfile.write(b"0\r\n\r\n")
        return None

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionResetError("the option reset of the URL")

    def _body(self, start: int, end: int, version: int, chunked: bool, rate: float) -> None:
        stopping = cast(_Server, self.server).origin.stopping
        step = BLOCK if rate == ENDLESS else max(1, min(BLOCK, int(rate / 20)))
        for block in Origin.blocks(start, end, version):
            for offset in range(0, len(block), step):
                piece = block[offset : offset + step]
                if chunked:
                    self.wfile.write(f"{len(piece):x}\r\n".encode())
                self.connection.sendall(piece)
                if chunked:
                    self.wfile.write(b"\r\n")
                if stopping.wait(len(piece) / rate) if rate != ENDLESS else stopping.is_set():
                    raise ConnectionAbortedError("the origin was stopped")

    def _brief(self, status: int, headers: dict[str, str], text: str = "") -> None:
        body = f"<!doctype html><title>{status}</title><p>{status} {text or 'from the origin'}</p>\n".encode()
        self._head(status, headers | {"Content-Type": "text/html", "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing: `Origin.requests` is the log."""
