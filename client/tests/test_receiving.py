"""Bodies are received straight from sockets, plain and TLS."""

from __future__ import annotations

import importlib
import random
import ssl
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from async_download_client import NetworkError, StoppedError, StopSignal
from async_download_client.models import Download, ReadyFile
from async_download_client.receiving import _Response, receive_into
from async_download_client.transfer import crc32
from async_download_client.transfer.ranges import RangeReader
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport

from client.tests.support.loopback import Handler, Loopback

CERTIFICATE = Path(__file__).parents[2] / "tests" / "runtime" / "support" / "self_signed.pem"
CONTENT = random.Random(7).randbytes(3_000_000)
URL_OF_TEST = "/file"


class Files(Loopback):
    """Sends `CONTENT` up to `cut`, then waits for `go_on`; counts its connections."""

    def __init__(self, certificate: Path | None) -> None:
        super().__init__(_Handler, certificate)
        self.cut = len(CONTENT)
        self.go_on = threading.Event()
        self.then_close = False
        self.connections = 0


class _Handler(Handler):
    def setup(self) -> None:
        super().setup()
        self.loopback.connections += 1

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        files: Files = self.loopback
        self.respond(200, {}, len(CONTENT))
        self.wfile.write(CONTENT[: files.cut])
        self.close_connection = files.then_close
        if not files.then_close and files.cut < len(CONTENT):
            files.go_on.wait(10)
            self.wfile.write(CONTENT[files.cut :])


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """A server, whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Files(CERTIFICATE if request.param else None) as running:
        yield running
        running.go_on.set()


@pytest.fixture
def transport() -> Iterator[Transport]:
    """A transport that waits for a server for half a second."""
    transport = Transport(0.5, 1)
    yield transport
    transport.close()


def read(transport: Transport, url: str, length: int, after: Callable[[int], object] = lambda _: None) -> bytes:
    """Receive a body in pieces of up to `length`; `after` gets the number of all bytes after each of them."""
    buffer, data = memoryview(bytearray(length)), b""
    with transport.send("GET", url, {}, stop=StopSignal()) as response:
        while len(data) < len(CONTENT):
            with transport.errors(url):
                count = receive_into(response, buffer)
            data += buffer[:count]
            after(len(data))
        assert receive_into(response, buffer) == 0
    return data


@pytest.mark.parametrize("length", [1_000, 16_384, 512 << 10, 4 << 20])
def test_bodies_are_whole_and_their_connection_is_used_again(files: Files, transport: Transport, length: int) -> None:
    for _ in range(3):
        assert read(transport, files.url + URL_OF_TEST, length) == CONTENT
    assert files.connections == 1


def test_bytes_that_have_arrived_are_not_kept_back(files: Files, transport: Transport) -> None:
    files.cut = 100_001
    received: list[int] = []

    def note(count: int) -> None:
        received.append(count)
        if count == files.cut:
            files.go_on.set()

    assert read(transport, files.url + URL_OF_TEST, 4 << 20, note) == CONTENT
    assert files.cut in received


def test_a_silent_server_is_an_error(files: Files, transport: Transport) -> None:
    files.cut = 1_000
    with pytest.raises(NetworkError, match=r"sent nothing for 0\.5 s"):
        read(transport, files.url + URL_OF_TEST, 512 << 10)


def test_a_body_that_is_cut_is_an_error(files: Files, transport: Transport) -> None:
    files.cut, files.then_close = 1_000, True
    with pytest.raises(NetworkError, match="broke off"):
        read(transport, files.url + URL_OF_TEST, 512 << 10)


@pytest.mark.security
def test_no_encrypted_byte_is_taken_for_the_file_after_a_stop(
    files: Files, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's TLS socket returns what is encrypted once another thread has shut it down."""
    stop, received, url = StopSignal(), b"", files.url + URL_OF_TEST
    file = ReadyFile(len(CONTENT), "file", "text/plain", datetime.now(UTC), None, None, None, url, cast(Download, None))
    take = _Response._take

    def stop_and_take(response: _Response, view: memoryview) -> tuple[int, Any]:
        stop.set()
        return take(response, view)

    monkeypatch.setattr(_Response, "_take", stop_and_take)
    blocks = RangeReader(transport, Throttle(100_000), stop, ranged=False).read(file, 0, len(CONTENT))
    with pytest.raises((StoppedError, NetworkError)):  # noqa: PT012 - the error comes from the iterator
        for block in blocks:
            received += block
    assert 0 < len(received) < len(CONTENT)
    assert received == CONTENT[: len(received)]


def test_without_wheels_the_standard_library_computes_the_crc32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zlib_ng.zlib_ng", None)
    try:
        assert importlib.reload(crc32).crc32 is zlib.crc32
    finally:
        monkeypatch.undo()
        importlib.reload(crc32)
    assert crc32.crc32(b"bytes", 7) == zlib.crc32(b"bytes", 7)


def test_the_certificate_of_these_tests_is_checked(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
    with Files(CERTIFICATE) as files, pytest.raises(NetworkError, match="certificate is not trusted"):
        read(transport, files.url + URL_OF_TEST, 1_000)
