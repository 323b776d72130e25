"""The chunked transfer coding: strict, bounded in size and time, and complete only at its last CRLF."""

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
from runtime.adapters.origin_http import HttpBody, HttpOrigins
from runtime.errors import OriginError, OriginStalledError, OriginTruncatedError, TransferError
from runtime.logic.origin.gunzip import Gunzip
from tests.runtime.support.fakes import nothing
from tests.runtime.support.http_server import Exchange, serving

pytestmark = pytest.mark.security

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SMALL = b'5\r\n01234\r\n00005 ; a=b;c="d e"\r\n56789\r\nA\r\nabcdefghij\r\n000\r\nX-Sum: 1\r\nY:\r\n\r\n'
FILE = b"0123456789abcdefghij"


def body_of(pieces: Iterator[bytes]) -> ChunkedBody:
    """Return a body over bytes that arrive in these pieces; then the connection ends."""
    waiting = b""

    def receive(size: int) -> bytes:
        nonlocal waiting
        waiting = waiting or next(pieces, b"")
        received, waiting = waiting[:size], waiting[size:]
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
    return HttpOrigins().get(url, {}, check=lambda _address: None, timeout=5, while_waiting=nothing)


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunks_are_joined_however_they_arrive(step: int, size: int) -> None:
    pieces = (SMALL[at : at + step] for at in range(0, len(SMALL), step))
    assert read_all(body_of(pieces), size) == FILE


@pytest.mark.parametrize("cut", range(len(SMALL)))
def test_a_body_that_is_cut_anywhere_is_truncated(cut: int) -> None:
    """Also between the last chunk and the CRLF behind the trailers."""
    with pytest.raises(OriginTruncatedError):
        decode(SMALL[:cut])


@pytest.mark.parametrize("cut", [0, 1, 2, 4, 8, 9, 10, len(SMALL) - 20, len(SMALL) - 3, len(SMALL) - 2, len(SMALL) - 1])
def test_a_body_whose_connection_is_cut_is_truncated(cut: int) -> None:
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
@pytest.mark.parametrize("before", [b"", b"3\r\nabc\r\n"], ids=["first", "later"])
def test_a_malformed_size_is_a_typed_failure(size: bytes, before: bytes) -> None:
    with pytest.raises(OriginError, match="transfer coding is faulty"):
        decode(before + size + b"\r\n01234\r\n0\r\n\r\n")


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
def test_a_line_without_its_crlf_is_a_typed_failure(raw: bytes) -> None:
    with pytest.raises(OriginError, match="transfer coding is faulty"):
        decode(raw)


def endless(begin: bytes, again: bytes) -> tuple[Iterator[bytes], list[int]]:
    """Return pieces that go on for ever, and the number of bytes that were taken."""
    taken = [len(begin)]

    def pieces() -> Iterator[bytes]:
        yield begin
        while True:
            taken[0] += len(again)
            yield again

    return pieces(), taken


@pytest.mark.parametrize(
    ("begin", "again", "limit"),
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
def test_what_has_no_end_ends_at_its_bound(begin: bytes, again: bytes, limit: int) -> None:
    pieces, taken = endless(begin, again)
    with pytest.raises(OriginError, match="transfer coding is faulty"):
        read_all(body_of(pieces))
    assert taken[0] <= limit + 1000


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
def test_what_is_within_its_bound_is_passed_over(raw: bytes) -> None:
    assert decode(raw) == b"01234"


def drip(begin: bytes, again: bytes) -> Callable[[Exchange], None]:
    """Return a script that sends a byte every few milliseconds, for ever."""

    def script(exchange: Exchange) -> None:
        exchange.send_raw(HEAD + begin)
        while not exchange.closed.wait(0.01):
            exchange.send_raw(again)

    return script


DRIPS = [(b"", b"0"), (b"5;", b"a"), (b"5\r\n01234\r\n5;", b"a"), (b"0\r\nX: ", b"y"), (b"5\r\n01234\r\n0\r\n", b"X")]


@pytest.mark.parametrize(("begin", "again"), DRIPS, ids=["size", "extension", "later extension", "trailer", "trailers"])
def test_a_drip_of_framing_is_a_silence(begin: bytes, again: bytes) -> None:
    """Bytes of the coding do not extend the time in which a byte of the file has to come."""
    with serving(drip(begin, again)) as server:
        body = get(server.port)
        started = time.monotonic()
        with pytest.raises(OriginStalledError):
            drain(body, 0.3)
        assert time.monotonic() - started < 3
        body.close()


def test_memory_stays_flat() -> None:
    """64 MB in chunks of any size need a buffer."""
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


class _Body:
    """A `ports.Body` over a `ChunkedBody`."""

    status = 200
    headers: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, chunks: ChunkedBody) -> None:
        self._chunks = chunks

    def read(self, most: int, _timeout: float) -> bytes:
        return self._chunks.read(most)

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
def test_the_outcome_is_the_file_or_a_typed_failure(
    content: bytes,
    sizes: list[int],
    steps: list[int],
    extension: bytes,
    trailers: bytes,
    cut: int | None,
    is_gzip: bool,
    size: int,
) -> None:
    """Whatever the chunks, the packets and the place where the connection is lost."""
    packed = gzip.compress(content) if is_gzip else content
    raw, at = b"", 0
    while at < len(packed):
        chunk = packed[at : at + sizes[at % len(sizes)]]
        raw += b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk)
        at += len(chunk)
    raw += b"0\r\n" + trailers + b"\r\n"
    kept = raw[:cut]

    def pieces() -> Iterator[bytes]:
        sent = 0
        while sent < len(kept):
            step = steps[sent % len(steps)]
            yield kept[sent : sent + step]
            sent += step

    chunks = _Body(body_of(pieces()))
    body = Gunzip(chunks, lambda: 1.0) if is_gzip else chunks
    read = b""
    try:
        while piece := body.read(size, 1.0):
            read += piece
    except OriginTruncatedError:
        assert len(kept) < len(raw)
        assert content.startswith(read)
    else:
        assert read == content
        assert len(kept) == len(raw)


@given(raw=st.text("0159aF;x \t\r\n\r\n+-_", max_size=60), size=st.integers(1, 20))
def test_no_bytes_are_anything_but_a_body_or_a_typed_failure(raw: str, size: int) -> None:
    with suppress(TransferError):
        decode(raw.encode(), size)


def chunks_then(behind: bytes) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send_raw(HEAD + b"2\r\nok\r\n0\r\nX: y\r\n\r\n" + behind)


@pytest.mark.parametrize(("behind", "connections"), [(b"", 1), (b"HTTP/1.1 200 OK\r\n\r\n", 2)], ids=["end", "surplus"])
def test_a_connection_is_used_again_only_if_nothing_came_behind_the_body(behind: bytes, connections: int) -> None:
    origins = HttpOrigins()
    with serving(chunks_then(behind), keep=True) as server:
        for _ in range(2):
            url = f"http://127.0.0.1:{server.port}/"
            body = origins.get(url, {}, check=lambda _address: None, timeout=5, while_waiting=nothing)
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
def test_a_doubtful_body_ends_with_its_chunks_and_with_its_connection(head: bytes) -> None:
    origins = HttpOrigins()
    with serving(lambda exchange: exchange.send_raw(head + b"5\r\n01234\r\n0\r\n\r\n"), keep=True) as server:
        for _ in range(2):
            url = f"http://127.0.0.1:{server.port}/"
            body = origins.get(url, {}, check=lambda _address: None, timeout=5, while_waiting=nothing)
            assert body.read(100, 5) + body.read(100, 5) == b"01234"
            body.close()
        assert server.connections == 2


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_that_has_no_body_has_no_chunks(status: bytes) -> None:
    with serving(lambda exchange: exchange.send_raw(HEAD.replace(b"200 OK", status)), keep=True) as server:
        body = get(server.port)
        assert body.read(100, 1) == b""
        body.close()
