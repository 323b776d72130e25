"""Copying with one worker: complete, verified, and with as few requests as possible."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ServiceError
from runtime.logic.copying.limits import MAX_STREAMED
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure
from tests.runtime.support.fakes import FakeBody, FakeObjects
from tests.runtime.support.world import ORIGIN, PART, OriginFile, World, content_of

SIZES = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7, 12 * PART]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
@pytest.mark.parametrize("length", [True, False], ids=["length", "no-length"])
@pytest.mark.parametrize("checksum_type", ["FULL_OBJECT", "COMPOSITE"])
def test_every_size_is_copied_from_every_kind_of_origin(
    world: World, size: int, ranges: bool, length: bool, checksum_type: str
) -> None:
    world.put_download()
    world.objects = FakeObjects(checksum_type, min_part_size=PART)
    file = world.serve(OriginFile(content_of(size), ranges=ranges, length=length))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 5 * PART), cuts=st.lists(st.none() | st.integers(0, 4 * PART), max_size=2))
def test_copy_with_up_to_two_cuts_is_complete(size: int, cuts: list[int | None]) -> None:
    world = World()
    file = world.put_file(OriginFile(content_of(size), cuts=cuts))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_small_file_needs_one_request_to_origin_bucket_and_table(world: World) -> None:
    world.put_file(OriginFile(content_of(PART - 1)))
    world.copy()
    assert len(world.origins.requests) == 1
    assert world.objects.calls == {"put": 1, "head": 1}  # the fake itself calls head
    assert world.downloads.calls == {"get": 1, "finish": 1}


def test_origin_without_ranges_is_requested_once(world: World) -> None:
    """The probe's 200 has the whole file."""
    world.put_file(OriginFile(content_of(5 * PART), ranges=False))
    world.copy()
    assert [request.headers["Range"] for request in world.origins.requests] == [f"bytes=0-{PART - 1}"]


def test_large_file_continues_after_the_probe_with_the_same_version(world: World) -> None:
    world.put_file(OriginFile(content_of(5 * PART)))
    world.copy()
    probe, rest = world.origins.requests
    assert (rest.headers["Range"], rest.headers["If-Match"]) == (f"bytes={PART}-", '"v1"')
    assert probe.headers["Accept-Encoding"] == rest.headers["Accept-Encoding"] == "identity"


def test_last_modified_replaces_a_missing_strong_etag(world: World) -> None:
    world.put_download()
    file = OriginFile(content_of(3 * PART), etag='W/"v"', last_modified="Mon, 23 Nov 2026 12:00:00 GMT")
    world.serve(file)
    assert world.copy() == {"outcome": "STORED"}
    assert world.origins.requests[1].headers["If-Unmodified-Since"] == "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("etag", ['W/"v1"', None], ids=["weak", "none"])
def test_without_a_validator_the_whole_file_is_requested(world: World, etag: str | None) -> None:
    """Two responses could be of two versions."""
    file = world.put_file(OriginFile(content_of(3 * PART), etag=etag))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert "Range" not in world.origins.requests[1].headers
    assert world.origins.bodies[0].closed


@pytest.mark.parametrize(
    "content_range", ["bytes 1-9/5000", "bytes 0-99/5000", "bytes 0-999/*"], ids=["start", "short", "unknown"]
)
def test_probe_answered_with_another_range_falls_back_to_the_whole_file(world: World, content_range: str) -> None:
    world.put_download()
    file = OriginFile(content_of(5000), ranges=False)
    file.first_answers = [FakeBody(206, {"content-range": content_range, "etag": '"v1"'})]
    world.serve(file)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_empty_file_answered_with_416_is_copied(world: World) -> None:
    world.put_file(OriginFile(b""))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, b"")
    assert len(world.origins.requests) == 2


def test_compressed_response_is_refused(world: World) -> None:
    """A `.br` file is compressed by nature."""
    world.put_file(OriginFile(content_of(50), headers={"content-encoding": "br"}))
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)
    world.put_download(path="logs/a.csv.br?x=1")
    assert world.copy() == {"outcome": "STORED"}


@pytest.mark.parametrize(("size", "length"), [(5001, True), (5001, False)], ids=["announced", "found"])
def test_file_above_the_limit_is_refused_as_soon_as_it_shows(world: World, size: int, length: bool) -> None:
    world.put_file(OriginFile(content_of(size), length=length, ranges=length))
    assert is_failure("FILE_TOO_LARGE", world.copy(largest=5000))
    assert_nothing_left(world)
    assert world.objects.calls["create_upload"] == (0 if length else 1)


@pytest.mark.security
@pytest.mark.parametrize("fan_out", [0, 1], ids=["one worker", "slices"])
def test_announced_length_above_the_setting_is_refused_before_a_byte_is_stored(world: World, fan_out: int) -> None:
    world.put_file(OriginFile(content_of(5001)))
    outcome = world.copy(max_file=5000, fan_out=fan_out)
    assert is_failure("FILE_TOO_LARGE", outcome)
    assert "5000 bytes" in str(outcome["error"])
    assert "maxFileMb" in str(outcome["error"])
    assert world.objects.calls == {}


@pytest.mark.security
@pytest.mark.parametrize("length", [True, False], ids=["announced", "not announced"])
def test_file_of_exactly_the_setting_is_copied(world: World, length: bool) -> None:
    world.put_file(OriginFile(content_of(5000), length=length, ranges=length))
    assert world.copy(max_file=5000) == {"outcome": "STORED"}


@pytest.mark.security
def test_unknown_length_is_refused_once_more_bytes_than_the_setting_arrive(world: World) -> None:
    world.put_file(OriginFile(content_of(200 * PART), length=False, ranges=False))
    outcome = world.copy(max_file=5 * PART)
    assert is_failure("FILE_TOO_LARGE", outcome)
    assert "maxFileMb" in str(outcome["error"])
    assert world.objects.calls["upload_part"] <= 5
    assert_nothing_left(world)


@pytest.mark.parametrize(("sha256", "hint"), [(None, "strong ETag"), ("a" * 64, "Ask without sha256")])
def test_refusal_of_a_large_file_says_what_to_do(world: World, sha256: str | None, hint: str) -> None:
    world.put_file(OriginFile(content_of(5001), ranges=sha256 is not None), sha256=sha256)
    assert hint in str(world.copy(largest=5000, fan_out=1)["error"])
    assert world.objects.calls == {}


def test_streaming_limit_fits_into_the_parts_of_s3() -> None:
    assert MAX_STREAMED < 10_000 * 8 * 1024 * 1024


def test_wrong_sha256_creates_no_object(world: World) -> None:
    for size in (10, 3 * PART):
        content = content_of(size)
        world.serve(OriginFile(content))
        world.put_download(sha256="0" * 64)
        assert is_failure("CHECKSUM_MISMATCH", world.copy())
        assert_nothing_left(world)
        world.put_download(sha256=hashlib.sha256(content).hexdigest())
        assert world.copy() == {"outcome": "STORED"}
        world.objects.objects.clear()


@pytest.mark.parametrize("size", [0, 10, 3 * PART])
@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("fan_out", [0, 1])
def test_wrong_size_creates_no_object(world: World, size: int, announced: bool, fan_out: int) -> None:
    file = world.serve(OriginFile(content_of(size), length=announced, ranges=announced))
    world.put_download(expected_size=size + 1)
    outcome = world.copy(fan_out=fan_out)
    assert is_failure("SIZE_MISMATCH", outcome)
    assert f"{size} bytes, not the expected {size + 1}" in str(outcome["error"])
    assert not announced or world.objects.calls == {}
    assert_nothing_left(world)
    world.put_download(expected_size=size)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_file_larger_than_expected_is_not_read_to_its_end(world: World) -> None:
    file = world.serve(OriginFile(content_of(90 * PART), length=False, ranges=False))
    world.put_download(expected_size=PART)
    reads: list[int] = []
    file.on_read = lambda: reads.append(1)
    outcome = world.copy()
    assert is_failure("SIZE_MISMATCH", outcome)
    assert f"more than the expected {PART} bytes" in str(outcome["error"])
    assert len(reads) < 10
    assert_nothing_left(world)


def test_worker_stops_before_its_time_is_up(world: World) -> None:
    world.put_download()

    def slow() -> None:
        world.clock.time += 50

    world.serve(OriginFile(content_of(50 * PART), on_read=slow))
    assert is_failure("TIMED_OUT", world.copy(seconds=300))
    assert_nothing_left(world)


def test_wait_beyond_the_deadline_is_not_begun(world: World) -> None:
    world.put_file(OriginFile(content_of(5), first_answers=[FakeBody(503, {"retry-after": "20"})]))
    assert is_failure("ORIGIN_ERROR", world.copy(seconds=10))


def test_read_timeout_is_a_minute_or_the_remaining_time(world: World) -> None:
    world.put_download()
    waits: list[float] = []

    class TimedBody(FakeBody):
        def read(self, max_bytes: int, timeout: float) -> bytes:
            waits.append(timeout)
            world.clock.time += 40
            return super().read(max_bytes, timeout)

    content = content_of(30)
    world.origins.answer = lambda _request: TimedBody(200, {"content-length": "3000000"}, content * 100_000)
    assert is_failure("TIMED_OUT", world.copy(seconds=130))
    assert waits == [60.0, 60.0, 50.0, 10.0]


def test_unreadable_ca_bundle_fails_the_download_at_once(world: World) -> None:
    world.put_download()
    world.secrets.errors["arn:ca"] = ServiceError("GetSecretValue", "AccessDeniedException")
    world.serve(OriginFile(content_of(PART)))
    outcome = world.copy(origin=replace(ORIGIN, ca_bundle="arn:ca"))
    assert is_failure("ORIGIN_TLS", outcome)
    assert "caBundle" in str(outcome)
    assert world.origins.requests == []


def test_secret_headers_are_read_from_their_arn(world: World) -> None:
    world.put_download()
    world.secrets.values["arn:key"] = "s3cret"
    world.serve(OriginFile(content_of(3 * PART)))
    world.copy(origin=replace(ORIGIN, secret_headers={"X-Key": "arn:key"}))
    assert {request.headers["X-Key"] for request in world.origins.requests} == {"s3cret"}
