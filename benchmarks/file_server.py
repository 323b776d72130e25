"""Serves one file over HTTP/1.1 in a process of its own, as fast as a server in Python can, for `benchmarks.client`.

`python -m benchmarks.file_server FILE [--certificate PEM] [--rate BYTES]` prints its port. Each connection has a
thread; `--rate` limits the bytes per second of each of them, as S3 does.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import ssl
import threading
import time
from pathlib import Path

_BLOCK = 1 << 20
_RANGE = re.compile(rb"\r\nrange: bytes=(\d+)-(\d*)\r\n", re.IGNORECASE)


def main() -> None:
    """Serve until the process is killed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.file_server")
    parser.add_argument("file", type=Path)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_serve, args=(connection, options.file, context, options.rate), daemon=True).start()


def _serve(connection: socket.socket, path: Path, context: ssl.SSLContext | None, rate: float | None) -> None:
    """Answer all requests of a connection."""
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        secured = context.wrap_socket(connection, server_side=True) if context else connection
        stack.enter_context(secured)
        file = stack.enter_context(path.open("rb", buffering=0))
        size, data = path.stat().st_size, b""
        while True:
            while b"\r\n\r\n" not in data:
                received = secured.recv(65_536)
                if not received:
                    return
                data += received
            head, _, data = data.partition(b"\r\n\r\n")
            match = _RANGE.search(head + b"\r\n")
            start, end = (int(match[1]), int(match[2] or size - 1) + 1) if match else (0, size)
            status = f"206 Partial Content\r\nContent-Range: bytes {start}-{end - 1}/{size}" if match else "200 OK"
            fields = f'Content-Length: {end - start}\r\nAccept-Ranges: bytes\r\nETag: "{size}"'
            secured.sendall(f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode())
            if not head.startswith(b"HEAD"):
                _send(secured, file.fileno(), start, end, rate)


def _send(connection: socket.socket, file: int, start: int, end: int, rate: float | None) -> None:
    """Send the bytes from `start` to `end`: by the kernel alone, if there is no TLS."""
    is_plain, began, sent = not isinstance(connection, ssl.SSLSocket), time.monotonic(), 0
    while start < end:
        length = min(_BLOCK if rate is None else 64 << 10, end - start)
        if is_plain:
            count = os.sendfile(connection.fileno(), file, start, length)
        else:
            connection.sendall(os.pread(file, length, start))
            count = length
        start, sent = start + count, sent + count
        if rate and (early := sent / rate - (time.monotonic() - began)) > 0:
            time.sleep(early)


if __name__ == "__main__":
    main()
