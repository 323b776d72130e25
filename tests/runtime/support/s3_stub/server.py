"""The stub's TLS and HTTP."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.runtime.support.s3_stub import requests
from tests.runtime.support.s3_stub.answers import Answer, Refusal
from tests.runtime.support.s3_stub.body import CutOffError, Received, receive
from tests.runtime.support.s3_stub.bucket import LEAST_PART, Bucket
from tests.runtime.support.s3_stub.faults import Fault, Faults, Kind
from tests.runtime.support.s3_stub.requests import Request

CERTIFICATE = Path(__file__).with_name("certificate.pem")  # for 127.0.0.1, and its own authority


class S3Stub:
    """A bucket at `url`. `calls` counts operations, `requests` are those that came in, `errors` the stub's own.

    `received` is how many bytes of bodies came in whole. An upload on which nothing comes for `idle_seconds` is ended
    with 400 RequestTimeout, as S3 does after about 20 s; `idle_ended` counts these.
    """

    def __init__(self, bucket: str = "bucket", *, least_part: int = LEAST_PART) -> None:
        self.bucket = Bucket(bucket, least_part)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.errors: list[BaseException] = []
        self.received = 0
        self.idle_seconds: float | None = None
        self.idle_ended = 0
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        """Stop, and drop every connection."""
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.drop_all()
        self._server.server_close()

    def note_bytes(self, size: int) -> None:
        """Count a body."""
        with self._lock:
            self.received += size

    def note(self, request: Request) -> Fault | None:
        """Count a request and say what is to go wrong with it."""
        with self._lock:
            self.calls[request.operation] += 1
            self.requests.append(request)
        return self.faults.take(request.operation, request.part)


@contextmanager
def serving_s3(bucket: str = "bucket", *, least_part: int = LEAST_PART) -> Iterator[S3Stub]:
    """A stub for the length of a test; what went wrong in the stub itself is raised at the end."""
    stub = S3Stub(bucket, least_part=least_part)
    try:
        yield stub
    finally:
        stub.close()
    if stub.errors:
        raise ExceptionGroup("in the stub", [error for error in stub.errors if isinstance(error, Exception)])


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, stub: S3Stub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stub = stub
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(CERTIFICATE)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the handshake is made by the connection's own thread."""
        raw, address = super().get_request()
        sock = self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(sock)
        return sock, address

    def shutdown_request(self, request: Any) -> None:
        """Close, with a reset where one was asked for by SO_LINGER."""
        with self._lock:
            self._open.discard(request)
        if not struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]:
            super().shutdown_request(request)
        self.close_request(request)

    def drop_all(self) -> None:
        """End the connections that clients keep."""
        with self._lock:
            left = list(self._open)
        for sock in left:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Keep what a test should hear of; a client that left is nothing."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError | CutOffError):
            self.stub.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server
    _waiting: tuple[Request, Fault | None] | None = None

    def log_message(self, *_args: object) -> None:
        """Nothing."""

    def handle_expect_100(self) -> bool:
        """The client waits for a word before it sends the body: an early refusal saves it."""
        try:
            self._waiting = self._read()
            fault = self._waiting[1]
            if fault is not None and fault.kind is Kind.REFUSED:
                raise self._refused(*self._waiting)
            self.server.stub.bucket.begin(self._waiting[0])
        except Refusal as refusal:
            self._waiting = None
            self._send(refusal.answer(), close=True)
            return False
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    def _serve(self) -> None:
        try:
            request, fault = self._waiting or self._read()
            self._waiting = None
            answer = self._answer(request, fault)
        except Refusal as refusal:
            answer = refusal.answer()
            self._send(answer, close=True)  # what is left of the body is not read
            return
        if answer is not None:
            self._send(answer)

    do_PUT = do_POST = do_GET = do_HEAD = do_DELETE = _serve  # noqa: N815

    def _read(self) -> tuple[Request, Fault | None]:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = requests.read(self.command, self.path, headers)
        return request, self.server.stub.note(request)

    def _answer(self, request: Request, fault: Fault | None) -> Answer | None:
        bucket = self.server.stub.bucket
        kind = fault.kind if fault is not None else None
        body = self._receive(request, self._cut if kind is Kind.CUT else lambda _size: None)
        upload = bucket.begin(request)
        if kind is Kind.CUT:  # there was no body to cut
            self._cut(0)
        if fault is not None and kind is Kind.REFUSED:
            raise self._refused(request, fault)
        if fault is not None and kind is Kind.REFUSED_IN_200:
            assert fault.refusal is not None
            return fault.refusal.answer()
        if kind is Kind.HELD:
            self.server.stub.over.wait(60)
            self._reset()
            return None
        if fault is not None:
            fault.action()
        answer = bucket.do(request, upload, body)
        if kind is Kind.REPLY_LOST:
            self._reset()
            return None
        return answer

    def _receive(self, request: Request, on_bytes: Callable[[int], None]) -> Received:
        stream: Any = self.rfile
        stub = self.server.stub
        self.connection.settimeout(stub.idle_seconds)
        try:
            body = receive(stream, request.headers, keep=request.operation != "UploadPart", on_bytes=on_bytes)
        except TimeoutError:
            stub.idle_ended += 1
            raise Refusal(400, "RequestTimeout", "Your socket connection was idle for too long.") from None
        finally:
            self.connection.settimeout(None)
        stub.note_bytes(body.size)
        return body

    def _refused(self, request: Request, fault: Fault | None) -> Refusal:
        assert fault is not None
        assert fault.refusal is not None
        if fault.refusal.status == 409:
            self.server.stub.bucket.conflict(request)
        return fault.refusal

    def _cut(self, _size: int) -> None:
        self._reset()
        raise CutOffError

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(self, answer: Answer, *, close: bool = False) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "content-length" not in answer.headers:
            self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
