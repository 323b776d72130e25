"""Origins that compress although they were asked not to: the file is what is stored, in constant memory."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import OriginError, OriginTruncatedError, StoppedError
from runtime.logic.origin.gunzip import Gunzip
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure
from tests.runtime.support.fakes import Asked, FakeBody
from tests.runtime.support.world import PART, World, content_of

CONTENT = content_of(3 * PART + 7)
PACKED = gzip.compress(CONTENT)


def unfolded(packed: bytes, most: int = 100) -> bytes:
    """All that a body gives, so much at a time."""
    body = Gunzip(FakeBody(200, {}, packed), lambda: 1.0)
    content = b""
    while chunk := body.read(most, 1.0):
        assert len(chunk) <= most
        content += chunk
    return content


def serve(world: World, packed: bytes, *, ranges: bool = True, cut_after: int | None = None, **headers: str) -> None:
    """An origin that always answers with these bytes, and says that they are gzip."""

    def answer(asked: Asked) -> FakeBody:
        told = {"content-encoding": "gzip", "content-type": "text/csv"} | headers
        if ranges and "Range" in asked.headers:
            end = min(PART, len(packed))
            told |= {"content-range": f"bytes 0-{end - 1}/{len(packed)}", "content-length": str(end), "etag": '"v1"'}
            return FakeBody(206, told, packed[:end])
        return FakeBody(200, told | {"content-length": str(len(packed))}, packed, cut_after=cut_after)

    world.has()
    world.origins.answer = answer


@given(content=st.binary(max_size=3000), most=st.integers(1, 400), members=st.integers(1, 3))
def test_what_comes_out_is_what_went_in(content: bytes, most: int, members: int) -> None:
    """Also of several members behind each other."""
    assert unfolded(gzip.compress(content) * members, most) == content * members


@settings(max_examples=60)
@given(at=st.integers(1, len(PACKED) - 1))
def test_gzip_that_ends_early_is_truncated(at: int) -> None:
    """Wherever it does, in its trailer too."""
    with pytest.raises(OriginTruncatedError):
        unfolded(PACKED[:at])


@pytest.mark.parametrize("packed", [b"not gzip", PACKED[:-8] + b"x" * 8, PACKED + b"more"], ids=["no", "sum", "behind"])
def test_gzip_that_is_damaged_is_an_error(packed: bytes) -> None:
    """By its own checksum, or by what it is."""
    with pytest.raises(OriginError):
        unfolded(packed)


def test_no_bytes_at_all_are_an_empty_file() -> None:
    """Some origins send that."""
    assert unfolded(b"") == b""


def test_a_bomb_needs_no_memory() -> None:
    """64 MB of zeros are 64 KB of gzip."""
    packed = gzip.compress(bytes(64 << 20))
    body = Gunzip(FakeBody(200, {}, packed), lambda: 1.0)
    tracemalloc.start()
    size = 0
    while chunk := body.read(256 * 1024, 1.0):
        size += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 64 << 20
    assert peak < 4 << 20


@pytest.mark.parametrize(
    "packed",
    [
        b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (2 << 20),
        gzip.compress(b"") * 80_000,
        PACKED[:10] + b"\x00\x00\x00\xff\xff" * 300_000,
        PACKED + gzip.compress(b"") * 80_000,
    ],
    ids=["name", "empty members", "empty blocks", "empty members behind the file"],
)
def test_gzip_without_content_ends_at_a_bound(packed: bytes) -> None:
    """Such bytes would otherwise occupy a worker for as long as an origin sends them."""
    with pytest.raises(OriginError, match="too many bytes in a row without content"):
        unfolded(packed)


def test_a_cancel_ends_a_drip_of_gzip_without_content() -> None:
    body = FakeBody(200, {}, b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 1000)
    reads: list[float] = []

    def read_one(size: int, timeout: float) -> bytes:
        reads.append(timeout)
        return FakeBody.read(body, min(1, size), timeout)

    def next_timeout() -> float:
        if len(reads) == 20:
            raise StoppedError("The download was stopped.")
        return 60.0 - len(reads)

    body.read = read_one  # type: ignore[method-assign]
    with pytest.raises(StoppedError):
        Gunzip(body, next_timeout).read(100, 60.0)
    assert reads == [60.0 - number for number in range(20)]


@pytest.mark.parametrize("ranges", [True, False])
def test_an_origin_that_compresses_all_the_same_is_understood(world: World, ranges: bool) -> None:
    """A range of gzip is of no use: the whole is asked for."""
    serve(world, PACKED, ranges=ranges)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, CONTENT)
    assert len(world.origins.asked) == (2 if ranges else 1)


def test_a_compressed_file_is_never_copied_in_slices(world: World) -> None:
    """Its length is not known."""
    serve(world, PACKED)
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, CONTENT)


def test_a_cut_in_the_middle_is_never_a_file(world: World) -> None:
    """The announced length is of the gzip, so gzip itself has to tell."""
    serve(world, PACKED, ranges=False, cut_after=len(PACKED) // 2)
    assert is_failure("ORIGIN_TRUNCATED", world.copy())
    assert_nothing_left(world)


def test_a_bomb_ends_at_the_limit(world: World) -> None:
    """As any file does."""
    serve(world, gzip.compress(bytes(100 * PART)), ranges=False)
    assert is_failure("FILE_TOO_LARGE", world.copy(largest=10 * PART))
    assert_nothing_left(world)


@pytest.mark.security
def test_the_setting_counts_decompressed_bytes(world: World) -> None:
    """A gzip of a few kilobytes announces its own length, which is below the limit."""
    packed = gzip.compress(bytes(100 * PART))
    assert len(packed) < PART
    serve(world, packed, ranges=False)
    outcome = world.copy(max_file=10 * PART)
    assert is_failure("FILE_TOO_LARGE", outcome)
    assert "maxFileMb" in str(outcome["error"])
    assert_nothing_left(world)
