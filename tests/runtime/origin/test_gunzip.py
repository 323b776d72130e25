"""Origins that compress although the request asks them not to: the decompressed file is stored, in constant memory."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import OriginError, OriginTruncatedError, StoppedError
from runtime.logic.origin.gunzip import Gunzip
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest
from tests.runtime.support.world import PART, World, content_of

CONTENT = content_of(3 * PART + 7)
COMPRESSED = gzip.compress(CONTENT)


def decompress(compressed: bytes, max_bytes: int = 100) -> bytes:
    """Read a body to its end in chunks."""
    body = Gunzip(FakeBody(200, {}, compressed), lambda: 1.0)
    content = b""
    while chunk := body.read(max_bytes, 1.0):
        assert len(chunk) <= max_bytes
        content += chunk
    return content


def serve_gzip(
    world: World, compressed: bytes, *, ranges: bool = True, cut_after: int | None = None, **headers: str
) -> None:
    """Make the origin answer with these bytes and announce gzip."""

    def answer(request: OriginRequest) -> FakeBody:
        response_headers = {"content-encoding": "gzip", "content-type": "text/csv"} | headers
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
    "compressed", [b"not gzip", COMPRESSED[:-8] + b"x" * 8, COMPRESSED + b"more"], ids=["no", "sum", "behind"]
)
def test_damaged_gzip_is_an_error(compressed: bytes) -> None:
    with pytest.raises(OriginError):
        decompress(compressed)


def test_empty_body_is_an_empty_file() -> None:
    assert decompress(b"") == b""


def test_decompressing_64_mb_of_zeros_needs_less_than_4_mb() -> None:
    compressed = gzip.compress(bytes(64 << 20))
    body = Gunzip(FakeBody(200, {}, compressed), lambda: 1.0)
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
        Gunzip(body, next_timeout).read(100, 60.0)
    assert reads == [60.0 - number for number in range(20)]


@pytest.mark.parametrize("ranges", [True, False])
def test_compressed_response_is_copied_decompressed(world: World, ranges: bool) -> None:
    """A range of gzip is of no use: the whole file is requested."""
    serve_gzip(world, COMPRESSED, ranges=ranges)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, CONTENT)
    assert len(world.origins.requests) == (2 if ranges else 1)


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
