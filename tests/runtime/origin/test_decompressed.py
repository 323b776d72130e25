"""Origins that compress although the request asks them not to: the decompressed file is stored, in constant memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import OriginError, OriginTruncatedError, StoppedError
from runtime.logic.origin.decompressed import MAX_PADDING, DecompressedBody
from runtime.ports import Body
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest
from tests.runtime.support.world import PART, OriginFile, World, content_of

CONTENT = content_of(3 * PART + 7)
COMPRESSED = gzip.compress(CONTENT)


def body_of(compressed: bytes, *layers: str, step: int = 1 << 20) -> Body:
    """Return a body that decompresses these layers, the first one first, of bytes that arrive in steps."""
    body: Body = FakeBody(200, {}, compressed)
    read = body.read
    body.read = lambda size, timeout: read(min(size, step), timeout)  # type: ignore[method-assign]
    for coding in layers:
        body = DecompressedBody(body, coding, lambda: 1.0)
    return body


def decompress(
    compressed: bytes, max_bytes: int = 100, layers: Sequence[str] = ("gzip",), step: int = 1 << 20
) -> bytes:
    """Read a body to its end in chunks."""
    body = body_of(compressed, *layers, step=step)
    content = b""
    while chunk := body.read(max_bytes, 1.0):
        assert len(chunk) <= max_bytes
        content += chunk
    assert body.read(max_bytes, 1.0) == b""
    return content


def deflate_raw(content: bytes) -> bytes:
    """Compress without the header and the checksum of zlib."""
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(content) + deflate.flush()


def serve_gzip(
    world: World, compressed: bytes, *, ranges: bool = True, cut_after: int | None = None, encoding: str = "gzip"
) -> None:
    """Make the origin answer with these bytes and announce a coding."""

    def answer(request: OriginRequest) -> FakeBody:
        response_headers = {"content-encoding": encoding, "content-type": "text/csv"}
        if ranges and "Range" in request.headers:
            end = min(PART, len(compressed))
            response_headers |= {
                "content-range": f"bytes 0-{end - 1}/{len(compressed)}",
                "content-length": str(end),
                "etag": '"v1"',
            }
            return FakeBody(206, response_headers, compressed[:end])
        return FakeBody(
            200, response_headers | {"content-length": str(len(compressed))}, compressed, cut_after=cut_after
        )

    world.put_download()
    world.origins.answer = answer


@given(content=st.binary(max_size=3000), max_bytes=st.integers(1, 400), members=st.integers(1, 3))
def test_decompressed_bytes_equal_the_content(content: bytes, max_bytes: int, members: int) -> None:
    assert decompress(gzip.compress(content) * members, max_bytes) == content * members


@settings(max_examples=60)
@given(cut=st.integers(1, len(COMPRESSED) - 1))
def test_gzip_that_ends_early_is_truncated(cut: int) -> None:
    with pytest.raises(OriginTruncatedError):
        decompress(COMPRESSED[:cut])


@pytest.mark.parametrize(
    "compressed",
    [
        b"not gzip",
        b"\r\n",
        COMPRESSED[:-8] + b"x" * 8,
        COMPRESSED[:-4] + bytes(4),
        COMPRESSED + b"more",
        COMPRESSED + b"\x1fmore",
        COMPRESSED + b"\r\nmore",
        COMPRESSED + b"\r\n" + COMPRESSED,
        COMPRESSED + COMPRESSED[:-8] + b"x" * 8,
        COMPRESSED + COMPRESSED[:-4] + bytes(4),
        COMPRESSED + b" ",
        COMPRESSED + bytes(MAX_PADDING + 1),
    ],
    ids=[
        "no",
        "line break",
        "sum",
        "size",
        "behind",
        "no member",
        "behind a line break",
        "member behind a line break",
        "sum of a member",
        "size of a member",
        "blank",
        "much padding",
    ],
)
@pytest.mark.parametrize("step", [1, 1000, 1 << 20])
def test_damaged_gzip_is_an_error(compressed: bytes, step: int) -> None:
    with pytest.raises(OriginError, match=r"gzip (is damaged|has other bytes behind its end)"):
        decompress(compressed, step=step)


@pytest.mark.parametrize("padding", [b"\r\n", b"\n", bytes(1), bytes(512), bytes(MAX_PADDING)], ids=len)
@pytest.mark.parametrize("step", [1, 1000, 1 << 20])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_zeros_and_line_breaks_behind_the_end_are_skipped(coding: str, padding: bytes, step: int) -> None:
    """Browsers and Python's clients read such files."""
    compressed = {"gzip": gzip.compress(CONTENT[:500]) * 2, "deflate": zlib.compress(CONTENT[:500] * 2)}[coding]
    assert decompress(compressed + padding, layers=[coding], step=step) == CONTENT[:500] * 2


@given(content=st.binary(max_size=3000), max_bytes=st.integers(1, 400), step=st.integers(1, 400))
@pytest.mark.parametrize("compress", [zlib.compress, deflate_raw], ids=["zlib", "raw"])
def test_deflate_of_zlib_or_raw_is_decompressed(
    compress: Callable[[bytes], bytes], content: bytes, max_bytes: int, step: int
) -> None:
    assert decompress(compress(content), max_bytes, ["deflate"], step) == content


@pytest.mark.parametrize("size", [1, 2, 3, 258, 10_000])
@pytest.mark.parametrize("max_bytes", [1, 7, 257, 258, 10_000])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_last_input_may_hold_more_output_than_one_read(size: int, max_bytes: int, level: int) -> None:
    deflate = zlib.compressobj(level, wbits=-15)
    compressed = deflate.compress(b"a" * size) + deflate.flush()
    assert decompress(compressed, max_bytes, ["deflate"]) == b"a" * size


@pytest.mark.parametrize("compress", [zlib.compress, deflate_raw], ids=["zlib", "raw"])
def test_damaged_deflate_is_an_error(compress: Callable[[bytes], bytes]) -> None:
    compressed = compress(CONTENT)
    for cut in (1, 2, len(compressed) // 2, len(compressed) - 1):
        with pytest.raises(OriginTruncatedError, match="deflate ended early"):
            decompress(compressed[:cut], layers=["deflate"])
    for damaged in (compressed + b"x", compressed + compressed, b"\xff" + compressed):
        with pytest.raises(OriginError, match="deflate"):
            decompress(damaged, layers=["deflate"])
    with pytest.raises(OriginError, match="damaged"):
        decompress(zlib.compress(CONTENT)[:-1] + b"\x00", layers=["deflate"])


@given(content=st.binary(max_size=3000), layers=st.lists(st.sampled_from(["gzip", "deflate"]), max_size=4))
def test_several_layers_are_decompressed(content: bytes, layers: list[str]) -> None:
    compressed = content
    for coding in reversed(layers):
        compressed = gzip.compress(compressed) if coding == "gzip" else zlib.compress(compressed)
    assert decompress(compressed, layers=layers) == content
    if len(layers) > 1:
        with pytest.raises(OriginTruncatedError):
            decompress(compressed[:-1], layers=layers)


@pytest.mark.parametrize("layers", [["gzip"], ["deflate"], ["gzip", "deflate"]], ids=len)
def test_empty_body_is_an_empty_file(layers: list[str]) -> None:
    assert decompress(b"", layers=layers) == b""


@pytest.mark.parametrize("layers", [["gzip"], ["gzip", "gzip"], ["gzip", "deflate", "gzip"]], ids=len)
def test_decompressing_64_mb_of_zeros_needs_less_than_4_mb(layers: list[str]) -> None:
    compressed = bytes(64 << 20)
    for coding in reversed(layers):
        compressed = gzip.compress(compressed) if coding == "gzip" else zlib.compress(compressed)
    body = body_of(compressed, *layers)
    tracemalloc.start()
    size = 0
    while chunk := body.read(256 * 1024, 1.0):
        size += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 64 << 20
    assert peak < 4 << 20


@pytest.mark.parametrize(
    "compressed",
    [
        b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (2 << 20),
        gzip.compress(b"") * 80_000,
        COMPRESSED[:10] + b"\x00\x00\x00\xff\xff" * 300_000,
        COMPRESSED + gzip.compress(b"") * 80_000,
    ],
    ids=["name", "empty members", "empty blocks", "empty members behind the file"],
)
def test_gzip_without_content_fails_at_its_limit(compressed: bytes) -> None:
    """Such bytes would otherwise occupy a worker for as long as an origin sends them."""
    with pytest.raises(OriginError, match="too many bytes in a row without content"):
        decompress(compressed)


def test_cancel_ends_slow_gzip_without_content() -> None:
    body = FakeBody(200, {}, b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 1000)
    reads: list[float] = []

    def read_byte(max_bytes: int, timeout: float) -> bytes:
        reads.append(timeout)
        return FakeBody.read(body, min(1, max_bytes), timeout)

    def next_timeout() -> float:
        if len(reads) == 20:
            raise StoppedError("The download was stopped.")
        return 60.0 - len(reads)

    body.read = read_byte  # type: ignore[method-assign]
    with pytest.raises(StoppedError):
        DecompressedBody(body, "gzip", next_timeout).read(100, 60.0)
    assert reads == [60.0 - number for number in range(20)]


@pytest.mark.parametrize("ranges", [True, False])
def test_compressed_response_is_copied_decompressed(world: World, ranges: bool) -> None:
    """A range of gzip is of no use: the whole file is requested."""
    serve_gzip(world, COMPRESSED, ranges=ranges)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, CONTENT)
    assert len(world.origins.requests) == (2 if ranges else 1)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("x-gzip", COMPRESSED),
        ("GZIP;q=1", COMPRESSED),
        (", gzip,", COMPRESSED),
        ("aws-chunked, gzip", COMPRESSED),
        ("gzip, gzip", gzip.compress(COMPRESSED)),
        ("deflate, gzip", gzip.compress(zlib.compress(CONTENT))),
        ("deflate", zlib.compress(CONTENT)),
        ("deflate", deflate_raw(CONTENT)),
        ("aws-chunked", CONTENT),
        ("utf-8", CONTENT),
        ("zip", CONTENT),
        ("gzip", COMPRESSED + b"\r\n"),
    ],
)
@pytest.mark.parametrize("ranges", [True, False])
def test_any_coding_that_is_understood_is_copied(world: World, encoding: str, body: bytes, ranges: bool) -> None:
    serve_gzip(world, body, ranges=ranges, encoding=encoding)
    if ranges and body is CONTENT:
        world.serve(OriginFile(CONTENT, headers={"content-encoding": encoding}))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, CONTENT)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", ", ".join(["gzip"] * 5)])
@pytest.mark.parametrize("ranges", [True, False])
def test_coding_that_is_not_understood_is_an_error(world: World, encoding: str, ranges: bool) -> None:
    serve_gzip(world, COMPRESSED, ranges=ranges, encoding=encoding)
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)
    assert all(body.closed for body in world.origins.bodies)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_range_that_is_compressed_is_never_stored(world: World, encoding: str) -> None:
    """Its bytes would stand between those of the file."""
    file = world.put_file(OriginFile(CONTENT))

    def answer(request: OriginRequest) -> FakeBody:
        body = file.answer(request)
        headers = {"content-encoding": encoding} if len(world.origins.requests) > 1 else {}
        return FakeBody(body.status, {**body.headers, **headers}, body.read(1 << 20, 1.0))

    world.origins.answer = answer
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)


def test_compressed_file_is_never_copied_in_slices(world: World) -> None:
    """Its length is unknown."""
    serve_gzip(world, COMPRESSED)
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, CONTENT)


def test_compressed_file_that_is_cut_is_never_stored(world: World) -> None:
    """The announced length is that of the gzip."""
    serve_gzip(world, COMPRESSED, ranges=False, cut_after=len(COMPRESSED) // 2)
    assert is_failure("ORIGIN_TRUNCATED", world.copy())
    assert_nothing_left(world)


def test_decompressed_size_above_the_limit_is_refused(world: World) -> None:
    serve_gzip(world, gzip.compress(bytes(100 * PART)), ranges=False)
    assert is_failure("FILE_TOO_LARGE", world.copy(largest=10 * PART))
    assert_nothing_left(world)


@pytest.mark.security
def test_setting_counts_decompressed_bytes(world: World) -> None:
    """The compressed length is below the limit."""
    compressed = gzip.compress(bytes(100 * PART))
    assert len(compressed) < PART
    serve_gzip(world, compressed, ranges=False)
    outcome = world.copy(max_file=10 * PART)
    assert is_failure("FILE_TOO_LARGE", outcome)
    assert "maxFileMb" in str(outcome["error"])
    assert_nothing_left(world)
