"""The chunked transfer coding: strict, bounded in size and time, complete only after its last CRLF."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.adapters.chunked import MAX_SIZE_LINE, MAX_TRAILER_LINES, MAX_TRAILERS, ChunkedBody
from runtime.adapters.http_body import HttpBody
from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import OriginError, OriginStalledError, OriginTruncatedError, TransferError
from runtime.logic.origin.decompressed import DecompressedBody
from tests.runtime.support.fakes import do_nothing
from tests.runtime.support.http_server import Exchange, serving

pytestmark = pytest.mark.security

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SMALL = b'5\r\n01234\r\n00005 ; a=b;c="d e"\r\n56789\r\nA\r\nabcdefghij\r\n000\r\nX-Sum: 1\r\nY:\r\n\r\n'
FILE = b"0123456789abcdefghij"


def body_of(pieces: Iterator[bytes]) -> ChunkedBody:
    """Return a body over bytes that arrive in these pieces before the connection ends."""
    buffer = b""

    def receive(size: int) -> bytes:
        nonlocal buffer
        buffer = buffer or next(pieces, b"")
        received, buffer = buffer[:size], buffer[size:]
        return received

    return ChunkedBody(receive)


def read_all(body: ChunkedBody, size: int = 7) -> bytes:
    content = b""
    while piece := body.read(size):
        assert len(piece) <= size
        content += piece
    assert body.is_complete
    return content


def decode(raw: bytes, size: int = 7) -> bytes:
    return read_all(body_of(iter([raw])), size)


def drain(body: HttpBody, timeout: float) -> None:
    while body.read(1000, timeout):
        continue


def get(port: int) -> HttpBody:
    url = f"http://127.0.0.1:{port}/"
    return HttpOrigins().get(url, {}, check=lambda _address: None, timeout=5, while_waiting=do_nothing)


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunks_are_joined_however_they_arrive(step: int, size: int) -> None:
    pieces = (SMALL[at : at + step] for at in range(0, len(SMALL), step))
    assert read_all(body_of(pieces), size) == FILE


@pytest.mark.parametrize("cut", range(len(SMALL)))
def test_body_cut_at_any_byte_is_truncated(cut: int) -> None:
    with pytest.raises(OriginTruncatedError):
        decode(SMALL[:cut])


@pytest.mark.parametrize("cut", [0, 1, 2, 4, 8, 9, 10, len(SMALL) - 20, len(SMALL) - 3, len(SMALL) - 2, len(SMALL) - 1])
def test_body_whose_connection_is_cut_is_truncated(cut: int) -> None:
    with serving(lambda exchange: exchange.send_raw(HEAD + SMALL[:cut])) as server:
        body = get(server.port)
        with pytest.raises(OriginTruncatedError):
            drain(body, 5)
        body.close()


SIZES = [
    b"+5",
    b"-5",
    b" 5",
    b"\t5",
    b"0x5",
    b"0X5",
    b"1_0",
    b"",
    b";a=b",
    b"g",
    b"5g",
    b"5 5",
    b"5,",
    b"0" * 16 + b"5",
]
SIZES += [b"\xef\xbc\x95", b"5;\x00", b"5;\x7f", b"5 x", b"f" * 17, b"\x00", b"5\x0b", b"5\r"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("previous_chunks", [b"", b"3\r\nabc\r\n"], ids=["first", "later"])
def test_malformed_size_is_an_origin_error(size: bytes, previous_chunks: bytes) -> None:
    with pytest.raises(OriginError, match="transfer coding is faulty"):
        decode(previous_chunks + size + b"\r\n01234\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"5\n01234\r\n0\r\n\r\n",
        b"5\r01234\r\n0\r\n\r\n",
        b"5;a\n01234\r\n0\r\n\r\n",
        b"5;a\rb\r\n01234\r\n0\r\n\r\n",
        b"5\r\r\n01234\r\n0\r\n\r\n",
        b"5\r\n01234\n0\r\n\r\n",
        b"5\r\n01234\r0\r\n\r\n",
        b"5\r\n012345\r\n0\r\n\r\n",
        b"5\r\n01234567\r\n0\r\n\r\n",
        b"5\r\n01234\r\n0\n\r\n",
        b"5\r\n01234\r\n0\r\nX: y\n\r\n",
        b"5\r\n01234\r\n0\r\nX: y\rZ: a\r\n\r\n",
        b"5\r\n01234\r\n0\r\n\n",
        b"5\r\n01234\r\n0\r\nX: y\r\n\n",
    ],
)
def test_line_without_crlf_is_an_origin_error(raw: bytes) -> None:
    with pytest.raises(OriginError, match="transfer coding is faulty"):
        decode(raw)


def repeat_forever(begin: bytes, repeated: bytes) -> tuple[Iterator[bytes], list[int]]:
    """Return an endless iterator of pieces, and a list with the number of bytes that were read."""
    bytes_read = [len(begin)]

    def pieces() -> Iterator[bytes]:
        yield begin
        while True:
            bytes_read[0] += len(repeated)
            yield repeated

    return pieces(), bytes_read


@pytest.mark.parametrize(
    ("begin", "repeated", "limit"),
    [
        (b"0", b"0", MAX_SIZE_LINE),
        (b"5;", b"a", MAX_SIZE_LINE),
        (b"5;a=", b"x" * 999, MAX_SIZE_LINE),
        (b"5\r\n01234", b"x", 10),
        (b"0\r\nX: ", b"y", MAX_TRAILERS),
        (b"0\r\n", b"X: y\r\n", MAX_TRAILER_LINES * 6),
        (b"0\r\n", b"X: " + b"y" * 995 + b"\r\n", MAX_TRAILERS),
    ],
    ids=["size", "extension", "extension in packets", "no end of chunk", "trailer", "many trailers", "large trailers"],
)
def test_endless_framing_fails_at_its_limit(begin: bytes, repeated: bytes, limit: int) -> None:
    pieces, bytes_read = repeat_forever(begin, repeated)
    with pytest.raises(OriginError, match="transfer coding is faulty"):
        read_all(body_of(pieces))
    assert bytes_read[0] <= limit + 1000


@pytest.mark.parametrize(
    "raw",
    [
        b"5;" + b"a" * (MAX_SIZE_LINE - 4) + b"\r\n01234\r\n0\r\n\r\n",
        b"5\r\n01234\r\n0\r\n" + b"X: y\r\n" * MAX_TRAILER_LINES + b"\r\n",
        b"5\r\n01234\r\n0\r\nX: " + b"y" * (MAX_TRAILERS - 7) + b"\r\n\r\n",
        b"5\r\n01234\r\n" + b"0" * 16 + b"\r\n\r\n",
        b"5 \t \r\n01234\r\n0  \r\n\r\n",
    ],
    ids=["extension", "trailers", "trailer", "digits", "blanks"],
)
def test_framing_within_its_limits_is_accepted(raw: bytes) -> None:
    assert decode(raw) == b"01234"


def drip(begin: bytes, repeated: bytes) -> Callable[[Exchange], None]:
    """Return a script that sends a byte every few milliseconds without an end."""

    def script(exchange: Exchange) -> None:
        exchange.send_raw(HEAD + begin)
        while not exchange.closed.wait(0.01):
            exchange.send_raw(repeated)

    return script


DRIPS = [(b"", b"0"), (b"5;", b"a"), (b"5\r\n01234\r\n5;", b"a"), (b"0\r\nX: ", b"y"), (b"5\r\n01234\r\n0\r\n", b"X")]


@pytest.mark.parametrize(
    ("begin", "repeated"), DRIPS, ids=["size", "extension", "later extension", "trailer", "trailers"]
)
def test_slow_framing_counts_as_silence(begin: bytes, repeated: bytes) -> None:
    """Framing bytes do not extend the time within which a byte of the file has to come."""
    with serving(drip(begin, repeated)) as server:
        body = get(server.port)
        started = time.monotonic()
        with pytest.raises(OriginStalledError):
            drain(body, 0.3)
        assert time.monotonic() - started < 3
        body.close()


def test_reading_64_mb_of_chunks_needs_less_than_1_mb() -> None:
    chunk = b"8000\r\n" + bytes(0x8000) + b"\r\n"

    def pieces() -> Iterator[bytes]:
        for _ in range(2048):
            yield chunk
        yield b"0\r\n\r\n"

    body = body_of(pieces())
    tracemalloc.start()
    size = 0
    while piece := body.read(256 * 1024):
        size += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 64 << 20
    assert peak < 1 << 20


class _ChunkedPort:
    """A `ports.Body` over a `ChunkedBody`."""

    status = 200
    headers: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, chunks: ChunkedBody) -> None:
        self._chunks = chunks

    def read(self, max_bytes: int, _timeout: float) -> bytes:
        return self._chunks.read(max_bytes)

    def close(self) -> None:
        return


@given(
    content=st.binary(max_size=4000),
    sizes=st.lists(st.integers(1, 700), min_size=1, max_size=8),
    steps=st.lists(st.integers(1, 900), min_size=1, max_size=8),
    extension=st.sampled_from([b"", b";a", b' ; a="b"']),
    trailers=st.sampled_from([b"", b"X: y\r\n", b"X: y\r\nZ: \r\n"]),
    cut=st.none() | st.integers(0, 6000),
    is_gzip=st.booleans(),
    size=st.integers(1, 3000),
)
def test_any_chunking_yields_the_file_or_a_typed_error(
    content: bytes,
    sizes: list[int],
    steps: list[int],
    extension: bytes,
    trailers: bytes,
    cut: int | None,
    is_gzip: bool,
    size: int,
) -> None:
    payload = gzip.compress(content) if is_gzip else content
    raw, at = b"", 0
    while at < len(payload):
        chunk = payload[at : at + sizes[at % len(sizes)]]
        raw += b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk)
        at += len(chunk)
    raw += b"0\r\n" + trailers + b"\r\n"
    received = raw[:cut]

    def pieces() -> Iterator[bytes]:
        sent = 0
        while sent < len(received):
            step = steps[sent % len(steps)]
            yield received[sent : sent + step]
            sent += step

    chunks = _ChunkedPort(body_of(pieces()))
    body = DecompressedBody(chunks, "gzip", lambda: 1.0) if is_gzip else chunks
    read = b""
    try:
        while piece := body.read(size, 1.0):
            read += piece
    except OriginTruncatedError:
        assert len(received) < len(raw)
        assert content.startswith(read)
    else:
        assert read == content
        assert len(received) == len(raw)


@given(raw=st.text("0159aF;x \t\r\n\r\n+-_", max_size=60), size=st.integers(1, 20))
def test_arbitrary_bytes_yield_a_body_or_a_typed_error(raw: str, size: int) -> None:
    with suppress(TransferError):
        decode(raw.encode(), size)


def respond_then(surplus: bytes) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send_raw(
        HEAD.replace(b"200 OK", b"206 Partial Content") + b"2\r\nok\r\n0\r\nX: y\r\n\r\n" + surplus
    )


@pytest.mark.parametrize(
    ("surplus", "connections"), [(b"", 1), (b"HTTP/1.1 200 OK\r\n\r\n", 2)], ids=["end", "surplus"]
)
def test_connection_is_reused_only_if_nothing_follows_the_body(surplus: bytes, connections: int) -> None:
    origins = HttpOrigins()
    with serving(respond_then(surplus), keep=True) as server:
        for _ in range(2):
            url = f"http://127.0.0.1:{server.port}/"
            body = origins.get(url, {}, check=lambda _address: None, timeout=5, while_waiting=do_nothing)
            assert body.read(100, 5) + body.read(100, 5) == b"ok"
            body.close()
        assert server.connections == connections


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["http 1.0", "with a length"],
)
def test_connection_is_not_reused_after_an_ambiguous_body(head: bytes) -> None:
    origins = HttpOrigins()
    with serving(lambda exchange: exchange.send_raw(head + b"5\r\n01234\r\n0\r\n\r\n"), keep=True) as server:
        for _ in range(2):
            url = f"http://127.0.0.1:{server.port}/"
            body = origins.get(url, {}, check=lambda _address: None, timeout=5, while_waiting=do_nothing)
            assert body.read(100, 5) + body.read(100, 5) == b"01234"
            body.close()
        assert server.connections == 2


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_response_without_body_has_no_chunks(status: bytes) -> None:
    with serving(lambda exchange: exchange.send_raw(HEAD.replace(b"200 OK", status)), keep=True) as server:
        body = get(server.port)
        assert body.read(100, 1) == b""
        body.close()
