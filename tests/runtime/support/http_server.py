"""An HTTP server on loopback that does exactly what a test tells it to, byte by byte."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("self_signed.pem")  # for files.example.com and localhost, of nobody's trust
Script = Callable[["Exchange"], None]


class Exchange:
    """One request that came in, and the socket to answer it on."""

    def __init__(self, sock: socket.socket, head: bytes) -> None:
        self.sock = sock
        self.head = head.decode("latin-1")
        self.over = threading.Event()

    def send(self, *lines: str, body: bytes = b"") -> None:
        """A status line, headers and a body."""
        self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def raw(self, data: bytes) -> None:
        """Bytes as they are; a client that has left is no error."""
        with suppress(OSError):
            self.sock.sendall(data)

    def reset(self) -> None:
        """Close with a reset instead of an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hold(self) -> None:
        """Say nothing more until the test is over."""
        self.over.wait(10)


class Server:
    """`requests` are the heads that came in, on `connections` in all; `names` what TLS clients asked for.

    A connection is closed after one answer, unless `keep` says that it stays open for more.
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
        """Stop: end every connection, and wait until it has ended."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for exchange in self._exchanges:
            exchange.over.set()
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
                while head := _head(stream):
                    exchange = Exchange(stream, head)
                    self._exchanges.append(exchange)
                    self.requests.append(exchange.head)
                    self._script(exchange)
                    if not self.keep:
                        return


def _head(stream: socket.socket) -> bytes:
    """The head of the next request; nothing when the client has left."""
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
    """A server for the length of a test."""
    server = Server(script, tls=tls, keep=keep, certificate=certificate)
    try:
        yield server
    finally:
        server.close()
