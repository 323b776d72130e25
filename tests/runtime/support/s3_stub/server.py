"""The TLS and HTTP server of the stub."""

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
from tests.runtime.support.s3_stub.answers import Response, S3Error
from tests.runtime.support.s3_stub.body import CutOffError, ReceivedBody, receive
from tests.runtime.support.s3_stub.bucket import MIN_PART_SIZE, Bucket
from tests.runtime.support.s3_stub.faults import Fault, Faults, Kind
from tests.runtime.support.s3_stub.requests import Request

CERTIFICATE = Path(__file__).with_name("certificate.pem")  # for 127.0.0.1, and its own authority


class S3Stub:
    """A bucket at `url`.

    `calls` counts operations, `requests` holds all requests, `errors` holds failures of the stub itself. `received`
    counts bytes of complete bodies. The stub ends an upload that is idle for `idle_seconds` with 400 RequestTimeout,
    as S3 does after about 20 s, and counts it in `idle_ended`.
    """

    def __init__(self, bucket: str = "bucket", *, min_part_size: int = MIN_PART_SIZE) -> None:
        self.bucket = Bucket(bucket, min_part_size)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.errors: list[BaseException] = []
        self.received = 0
        self.idle_seconds: float | None = None
        self.idle_ended = 0
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop the server and close every connection."""
        self.closed.set()
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()
        self._server.server_close()

    def count_bytes(self, size: int) -> None:
        """Add the size of a body to `received`."""
        with self._lock:
            self.received += size

    def record(self, request: Request) -> Fault | None:
        """Count a request and return its fault, or None."""
        with self._lock:
            self.calls[request.operation] += 1
            self.requests.append(request)
        return self.faults.take(request.operation, request.part)


@contextmanager
def serving_s3(bucket: str = "bucket", *, min_part_size: int = MIN_PART_SIZE) -> Iterator[S3Stub]:
    """Run a stub; raise the stub's own errors at the end."""
    stub = S3Stub(bucket, min_part_size=min_part_size)
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
        """Accept a connection; its own thread makes the TLS handshake."""
        raw, address = super().get_request()
        sock = self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(sock)
        return sock, address

    def shutdown_request(self, request: Any) -> None:
        """Close the connection, with a reset if SO_LINGER was set."""
        with self._lock:
            self._open.discard(request)
        if not struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]:
            super().shutdown_request(request)
        self.close_request(request)

    def close_connections(self) -> None:
        """Close the connections that clients keep open."""
        with self._lock:
            sockets = list(self._open)
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Keep the stub's own errors; ignore clients that closed the connection."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError | CutOffError):
            self.stub.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server
    _announced: tuple[Request, Fault | None] | None = None

    def log_message(self, *_args: object) -> None:
        """Log nothing."""

    def handle_expect_100(self) -> bool:
        """Answer a fault or an error instead of 100 Continue, before the client sends its body."""
        try:
            self._announced = self._read()
            fault = self._announced[1]
            if fault is not None and fault.kind is Kind.REFUSED:
                raise self._error_of(*self._announced)
            self.server.stub.bucket.find_upload(self._announced[0])
        except S3Error as refusal:
            self._announced = None
            self._send(refusal.response(), close=True)
            return False
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    def _serve(self) -> None:
        try:
            request, fault = self._announced or self._read()
            self._announced = None
            response = self._respond(request, fault)
        except S3Error as refusal:
            response = refusal.response()
            self._send(response, close=True)  # the rest of the body is not read
            return
        if response is not None:
            self._send(response)

    do_PUT = do_POST = do_GET = do_HEAD = do_DELETE = _serve  # noqa: N815

    def _read(self) -> tuple[Request, Fault | None]:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = requests.parse(self.command, self.path, headers)
        return request, self.server.stub.record(request)

    def _respond(self, request: Request, fault: Fault | None) -> Response | None:
        bucket = self.server.stub.bucket
        kind = fault.kind if fault is not None else None
        body = self._receive(request, self._cut if kind is Kind.CUT else lambda _size: None)
        upload = bucket.find_upload(request)
        if kind is Kind.CUT:  # there was no body to cut
            self._cut(0)
        if fault is not None and kind is Kind.REFUSED:
            raise self._error_of(request, fault)
        if fault is not None and kind is Kind.REFUSED_IN_200:
            assert fault.refusal is not None
            return fault.refusal.response()
        if kind is Kind.HELD:
            self.server.stub.closed.wait(60)
            self._reset()
            return None
        if fault is not None:
            fault.action()
        response = bucket.run(request, upload, body)
        if kind is Kind.REPLY_LOST:
            self._reset()
            return None
        return response

    def _receive(self, request: Request, on_bytes: Callable[[int], None]) -> ReceivedBody:
        stream: Any = self.rfile
        stub = self.server.stub
        self.connection.settimeout(stub.idle_seconds)
        try:
            body = receive(stream, request.headers, keep=request.operation != "UploadPart", on_bytes=on_bytes)
        except TimeoutError:
            stub.idle_ended += 1
            raise S3Error(400, "RequestTimeout", "Your socket connection was idle for too long.") from None
        finally:
            self.connection.settimeout(None)
        stub.count_bytes(body.size)
        return body

    def _error_of(self, request: Request, fault: Fault | None) -> S3Error:
        assert fault is not None
        assert fault.refusal is not None
        if fault.refusal.status == 409:
            self.server.stub.bucket.mark_conflict(request)
        return fault.refusal

    def _cut(self, _size: int) -> None:
        self._reset()
        raise CutOffError

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(self, response: Response, *, close: bool = False) -> None:
        body = response.body.encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if "content-length" not in response.headers:
            self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
