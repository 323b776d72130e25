"""An HTTP server on loopback that sends exactly the bytes that a test scripts."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("self_signed.pem")  # self-signed, for files.example.com and localhost
Script = Callable[["Exchange"], None]


class Exchange:
    """One request, and the socket to answer it on."""

    def __init__(self, sock: socket.socket, head: bytes) -> None:
        self.sock = sock
        self.head = head.decode("latin-1")
        self.closed = threading.Event()

    def send(self, *lines: str, body: bytes = b"") -> None:
        """Send a status line, headers and a body."""
        self.send_raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def send_raw(self, data: bytes) -> None:
        """Send bytes unchanged; ignore a client that closed the connection."""
        with suppress(OSError):
            self.sock.sendall(data)

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hold(self) -> None:
        """Send nothing more until the test has ended."""
        self.closed.wait(10)


class Server:
    """A server that answers every request with a script.

    `requests` holds the heads of all requests, `connections` counts connections, `names` holds TLS server names. A
    connection is closed after one response, unless `keep` is set.
    """

    def __init__(
        self, script: Script, *, tls: bool = False, keep: bool = False, certificate: Path = CERTIFICATE
    ) -> None:
        self.keep = keep
        self.requests: list[str] = []
        self.connections = 0
        self.names: list[str | None] = []
        self._script = script
        self._exchanges: list[Exchange] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://files.example.com:{self.port}/a.csv?x=1"
        self._context: ssl.SSLContext | None = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
            self._context.sni_callback = lambda _sock, name, _context: self.names.append(name)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Close every connection and wait for the threads."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for exchange in self._exchanges:
            exchange.closed.set()
            with suppress(OSError):
                exchange.sock.shutdown(socket.SHUT_RDWR)  # a client may keep it open for another request
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            sock.settimeout(10)
            stream = self._context.wrap_socket(sock, server_side=True) if self._context else sock
            with stream:
                self.connections += 1
                while head := _read_head(stream):
                    exchange = Exchange(stream, head)
                    self._exchanges.append(exchange)
                    self.requests.append(exchange.head)
                    self._script(exchange)
                    if not self.keep:
                        return


def _read_head(stream: socket.socket) -> bytes:
    """Return the head of the next request, or b"" if the client has closed the connection."""
    head = b""
    while b"\r\n\r\n" not in head:
        received = stream.recv(65536)
        if not received:
            return b""
        head += received
    return head


@contextmanager
def serving(
    script: Script, *, tls: bool = False, keep: bool = False, certificate: Path = CERTIFICATE
) -> Iterator[Server]:
    """Run a server for the length of a test."""
    server = Server(script, tls=tls, keep=keep, certificate=certificate)
    try:
        yield server
    finally:
        server.close()
