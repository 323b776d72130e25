"""Copying: whole and verified, by as few requests as there can be."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ServiceError
from runtime.logic.copying.limits import MAX_STREAMED
from tests.runtime.support.copying import (
    assert_nothing_left,
    assert_stored,
    is_failure,
)
from tests.runtime.support.fakes import FakeBody, FakeObjects
from tests.runtime.support.world import ORIGIN, PART, OriginFile, World, content_of

SIZES = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7, 12 * PART]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
@pytest.mark.parametrize("length", [True, False], ids=["length", "no-length"])
@pytest.mark.parametrize("checksum_type", ["FULL_OBJECT", "COMPOSITE"])
def test_every_size_from_every_kind_of_origin(
    world: World, size: int, ranges: bool, length: bool, checksum_type: str
) -> None:
    """Byte for byte, whatever the origin can do and whichever checksum S3 keeps."""
    world.has()
    world.objects = FakeObjects(checksum_type, min_part_size=PART)
    file = world.serve(OriginFile(content_of(size), ranges=ranges, length=length))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 5 * PART), cuts=st.lists(st.none() | st.integers(0, 4 * PART), max_size=2))
def test_any_size_with_up_to_two_cuts_anywhere(size: int, cuts: list[int | None]) -> None:
    """A resumed file is the file."""
    world = World()
    world.has()
    file = world.serve(OriginFile(content_of(size), cuts=cuts))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_a_small_file_is_one_request_to_each(world: World) -> None:
    """One GET, one PutObject, one write to the row."""
    world.has()
    world.serve(OriginFile(content_of(PART)))
    world.copy()
    assert len(world.origins.asked) == 1
    assert world.objects.calls == {"put": 1, "head": 1}  # the head is the fake's own
    assert world.downloads.calls == {"get": 1, "finish": 1}


def test_a_slow_origin_without_ranges_is_asked_once(world: World) -> None:
    """The probe's 200 is the file."""
    world.has()
    world.serve(OriginFile(content_of(5 * PART), ranges=False))
    world.copy()
    assert [asked.headers["Range"] for asked in world.origins.asked] == [f"bytes=0-{PART - 1}"]


def test_a_large_file_goes_on_behind_the_probe_with_the_same_version(world: World) -> None:
    """Nothing is fetched twice, and nothing comes compressed."""
    world.has()
    world.serve(OriginFile(content_of(5 * PART)))
    world.copy()
    probe, rest = world.origins.asked
    assert (rest.headers["Range"], rest.headers["If-Match"]) == (f"bytes={PART}-", '"v1"')
    assert probe.headers["Accept-Encoding"] == rest.headers["Accept-Encoding"] == "identity"


def test_last_modified_serves_where_there_is_no_strong_etag(world: World) -> None:
    """If it is older than the answer."""
    world.has()
    file = OriginFile(content_of(3 * PART), etag='W/"v"', last_modified="Mon, 23 Nov 2026 12:00:00 GMT")
    world.serve(file)
    assert world.copy() == {"outcome": "STORED"}
    assert world.origins.asked[1].headers["If-Unmodified-Since"] == "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("etag", ['W/"v1"', None], ids=["weak", "none"])
def test_without_a_validator_the_whole_is_asked_for_at_once(world: World, etag: str | None) -> None:
    """Two answers could be of two versions."""
    world.has()
    file = world.serve(OriginFile(content_of(3 * PART), etag=etag))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert "Range" not in world.origins.asked[1].headers
    assert world.origins.bodies[0].closed


@pytest.mark.parametrize(
    "content_range", ["bytes 1-9/5000", "bytes 0-99/5000", "bytes 0-999/*"], ids=["start", "short", "unknown"]
)
def test_a_probe_answered_with_another_range_falls_back_to_the_whole(world: World, content_range: str) -> None:
    """The origin's ranges are not to be relied on."""
    world.has()
    file = OriginFile(content_of(5000), ranges=False)
    file.before = [FakeBody(206, {"content-range": content_range, "etag": '"v1"'})]
    world.serve(file)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_an_empty_file_that_answers_416(world: World) -> None:
    """It has no first byte to give."""
    world.has()
    world.serve(OriginFile(b""))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, b"")
    assert len(world.origins.asked) == 2


def test_a_compressed_answer_is_not_the_file(world: World) -> None:
    """It was asked for as it is; but a .gz is compressed by nature."""
    world.has()
    world.serve(OriginFile(content_of(50), headers={"content-encoding": "br"}))
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)
    world.has(path="logs/a.csv.gz?x=1")
    assert world.copy() == {"outcome": "STORED"}


@pytest.mark.parametrize(("size", "length"), [(5001, True), (5001, False)], ids=["announced", "found"])
def test_a_file_beyond_the_limit_is_refused(world: World, size: int, length: bool) -> None:
    """At once when its size is announced, and as soon as it shows otherwise."""
    world.has()
    world.serve(OriginFile(content_of(size), length=length, ranges=length))
    assert is_failure("FILE_TOO_LARGE", world.copy(largest=5000))
    assert_nothing_left(world)
    assert world.objects.calls["create_upload"] == (0 if length else 1)


@pytest.mark.security
@pytest.mark.parametrize("fan_out", [0, 1], ids=["one worker", "slices"])
def test_a_file_whose_origin_announces_more_than_the_setting_is_refused_before_a_byte_is_stored(
    world: World, fan_out: int
) -> None:
    world.has()
    world.serve(OriginFile(content_of(5001)))
    outcome = world.copy(max_file=5000, fan_out=fan_out)
    assert is_failure("FILE_TOO_LARGE", outcome)
    assert "5000 bytes" in str(outcome["error"])
    assert "maxFileMb" in str(outcome["error"])
    assert world.objects.calls == {}


@pytest.mark.security
@pytest.mark.parametrize("length", [True, False], ids=["announced", "not announced"])
def test_a_file_of_the_size_of_the_setting_is_copied(world: World, length: bool) -> None:
    world.has()
    world.serve(OriginFile(content_of(5000), length=length, ranges=length))
    assert world.copy(max_file=5000) == {"outcome": "STORED"}


@pytest.mark.security
def test_a_file_of_unknown_length_is_refused_as_soon_as_more_bytes_than_the_setting_arrive(world: World) -> None:
    """The origin would send forty times as much."""
    world.has()
    world.serve(OriginFile(content_of(200 * PART), length=False, ranges=False))
    outcome = world.copy(max_file=5 * PART)
    assert is_failure("FILE_TOO_LARGE", outcome)
    assert "maxFileMb" in str(outcome["error"])
    assert world.objects.calls["upload_part"] <= 5
    assert_nothing_left(world)


@pytest.mark.parametrize(("sha256", "said"), [(None, "strong ETag"), ("a" * 64, "Ask without sha256")])
def test_a_file_beyond_the_limit_is_refused_with_what_to_do(world: World, sha256: str | None, said: str) -> None:
    """A client can leave its SHA-256 out, an origin can offer ranges."""
    world.has(sha256=sha256)
    world.serve(OriginFile(content_of(5001), ranges=sha256 is not None))
    assert said in str(world.copy(largest=5000, fan_out=1)["error"])
    assert world.objects.calls == {}


def test_the_limit_is_what_a_worker_can_carry_in_parts_of_s3() -> None:
    """Ten thousand parts of 8 MiB are more than that."""
    assert MAX_STREAMED < 10_000 * 8 * 1024 * 1024


def test_the_expected_sha256_is_checked(world: World) -> None:
    """Before anything becomes an object."""
    for size in (10, 3 * PART):
        content = content_of(size)
        world.serve(OriginFile(content))
        world.has(sha256="0" * 64)
        assert is_failure("CHECKSUM_MISMATCH", world.copy())
        assert_nothing_left(world)
        world.has(sha256=hashlib.sha256(content).hexdigest())
        assert world.copy() == {"outcome": "STORED"}
        world.objects.objects.clear()


@pytest.mark.parametrize("size", [0, 10, 3 * PART])
@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("fan_out", [0, 1])
def test_the_expected_size_is_checked(world: World, size: int, announced: bool, fan_out: int) -> None:
    """Before anything becomes an object, and before a byte is stored where the origin announces it."""
    file = world.serve(OriginFile(content_of(size), length=announced, ranges=announced))
    world.has(expected_size=size + 1)
    outcome = world.copy(fan_out=fan_out)
    assert is_failure("SIZE_MISMATCH", outcome)
    assert f"{size} bytes, not the expected {size + 1}" in str(outcome["error"])
    assert not announced or world.objects.calls == {}
    assert_nothing_left(world)
    world.has(expected_size=size)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_a_file_that_turns_out_larger_than_expected_is_not_read_on(world: World) -> None:
    """Its length is not known before."""
    file = world.serve(OriginFile(content_of(90 * PART), length=False, ranges=False))
    world.has(expected_size=PART)
    reads: list[int] = []
    file.on_read = lambda: reads.append(1)
    outcome = world.copy()
    assert is_failure("SIZE_MISMATCH", outcome)
    assert f"more than the expected {PART} bytes" in str(outcome["error"])
    assert len(reads) < 10
    assert_nothing_left(world)


def test_the_time_is_up(world: World) -> None:
    """The worker stops while there is time to clean up."""
    world.has()

    def slow() -> None:
        world.clock.time += 50

    world.serve(OriginFile(content_of(50 * PART), on_read=slow))
    assert is_failure("TIMED_OUT", world.copy(seconds=300))
    assert_nothing_left(world)


def test_a_wait_beyond_the_deadline_is_not_begun(world: World) -> None:
    """The fault is reported instead."""
    world.has()
    world.serve(OriginFile(content_of(5), before=[FakeBody(503, {"retry-after": "20"})]))
    assert is_failure("ORIGIN_ERROR", world.copy(seconds=10))


def test_a_silence_is_waited_for_no_longer_than_there_is_time(world: World) -> None:
    """A minute at most, less near the end."""
    world.has()
    waits: list[float] = []

    class Timed(FakeBody):
        def read(self, most: int, timeout: float) -> bytes:
            waits.append(timeout)
            world.clock.time += 40
            return super().read(most, timeout)

    content = content_of(30)
    world.origins.answer = lambda _asked: Timed(200, {"content-length": "3000000"}, content * 100_000)
    assert is_failure("TIMED_OUT", world.copy(seconds=130))
    assert waits == [60.0, 60.0, 50.0, 10.0]


def test_a_wrong_ca_bundle_fails_the_download_at_once(world: World) -> None:
    """Another try would not mend a missing permission."""
    world.has()
    world.secrets.errors["arn:ca"] = ServiceError("GetSecretValue", "AccessDeniedException")
    world.serve(OriginFile(content_of(PART)))
    outcome = world.copy(origin=replace(ORIGIN, ca_bundle="arn:ca"))
    assert is_failure("ORIGIN_TLS", outcome)
    assert "caBundle" in str(outcome)
    assert world.origins.asked == []


def test_secret_headers_are_read_when_they_are_needed(world: World) -> None:
    """From their ARN, for each request."""
    world.has()
    world.secrets.values["arn:key"] = "s3cret"
    world.serve(OriginFile(content_of(3 * PART)))
    world.copy(origin=replace(ORIGIN, secret_headers={"X-Key": "arn:key"}))
    assert {asked.headers["X-Key"] for asked in world.origins.asked} == {"s3cret"}
