"""Copying: whole and verified, or a typed failure with nothing left behind."""

from __future__ import annotations

import base64
import hashlib
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import (
    ObjectExistsError,
    OriginAddressRefusedError,
    OriginTimeoutError,
    OriginTlsError,
    OriginUnreachableError,
    ServiceError,
    StorageError,
    UploadGoneError,
)
from runtime.logic.copy import LARGEST
from runtime.models import Failure, Status
from runtime.ports import ObjectHead
from tests.runtime.fakes import Asked, FakeBody, FakeObjects, StoredObject, Upload
from tests.runtime.world import ARN, DOWNLOAD_ID, KEY, ORIGIN, PART, OriginFile, World, content_of

SIZES = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7, 12 * PART]


def assert_stored(world: World, content: bytes) -> None:
    """The object is the file, the row says so and more, and nothing else is left."""
    assert world.objects.objects[KEY].body == content
    assert world.objects.objects[KEY].metadata == {"download-id": DOWNLOAD_ID}
    assert not world.objects.uploads
    row = world.row
    assert (row.status, row.size, row.copied_bytes, row.upload_id) == (Status.READY, len(content), len(content), None)
    assert row.stored is not None
    assert row.stored.sha256 == hashlib.sha256(content).hexdigest()
    assert row.stored.checksum.value == base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    assert row.stored.size == len(content)


def assert_nothing_left(world: World) -> None:
    """No object, no upload."""
    assert not world.objects.objects
    assert not world.objects.uploads
    assert world.row.status is not Status.READY


def failed(code: str, outcome: dict[str, object]) -> bool:
    """Whether an outcome is this failure."""
    error = outcome.get("error")
    return (
        outcome["outcome"] == "FAILED" and isinstance(error, dict) and error["code"] == code and bool(error["message"])
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
@pytest.mark.parametrize("length", [True, False], ids=["length", "no-length"])
@pytest.mark.parametrize("checksum_type", ["FULL_OBJECT", "COMPOSITE"])
def test_every_size_from_every_kind_of_origin(
    world: World, size: int, ranges: bool, length: bool, checksum_type: str
) -> None:
    """Byte for byte, whatever the origin can do and whichever checksum S3 keeps."""
    world.has()
    world.objects = FakeObjects(checksum_type)
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


@pytest.mark.parametrize("status", [404, 410, 401, 403, 400, 204, 501])
def test_a_permanent_refusal_is_not_asked_again(world: World, status: int) -> None:
    """A page that says 404 is not the file."""
    world.has()
    world.serve(OriginFile(b"", before=[FakeBody(status, content=b"<html>")]))
    codes = {404: "ORIGIN_NOT_FOUND", 410: "ORIGIN_NOT_FOUND", 401: "ORIGIN_REFUSED", 403: "ORIGIN_REFUSED"}
    assert failed(codes.get(status, "ORIGIN_ERROR"), world.copy())
    assert len(world.origins.asked) == 1
    assert_nothing_left(world)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_passing_fault_is_mended_by_another_try(world: World, status: int) -> None:
    """Twice it fails, the third time it works."""
    world.has()
    file = world.serve(OriginFile(content_of(3 * PART), before=[FakeBody(status), FakeBody(status)]))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert len(world.clock.slept) == 2


def test_a_lasting_fault_fails_after_three_tries_backing_off(world: World) -> None:
    """With the code of the last."""
    world.has()
    world.serve(OriginFile(b"", before=[FakeBody(500), FakeBody(503), FakeBody(502)]))
    assert failed("ORIGIN_ERROR", world.copy())
    first, second = world.clock.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0
    assert_nothing_left(world)


def test_retry_after_is_honoured(world: World) -> None:
    """If it is a matter of seconds."""
    world.has()
    world.serve(OriginFile(content_of(5), before=[FakeBody(503, {"retry-after": "20"})]))
    assert world.copy() == {"outcome": "STORED"}
    assert world.clock.slept == [20.0]


def test_a_long_retry_after_is_a_failure_now(world: World) -> None:
    """Nobody waits an hour in a function that is paid for."""
    world.has()
    world.serve(OriginFile(content_of(5), before=[FakeBody(503, {"retry-after": "3600"})]))
    assert failed("ORIGIN_ERROR", world.copy())
    assert world.clock.slept == []


@pytest.mark.parametrize(
    ("error", "code", "tries"),
    [
        (OriginUnreachableError("x"), "ORIGIN_UNREACHABLE", 3),
        (OriginTimeoutError("x"), "ORIGIN_TIMEOUT", 1),
        (OriginTlsError("x"), "ORIGIN_TLS", 1),
        (OriginAddressRefusedError("x"), "ORIGIN_ADDRESS_REFUSED", 1),
    ],
)
def test_no_answer_is_a_typed_failure(world: World, error: Exception, code: str, tries: int) -> None:
    """Tried again only where that may help."""
    world.has()
    world.serve(OriginFile(b"", before=[error] * 3))
    assert failed(code, world.copy())
    assert len(world.origins.asked) == tries
    assert_nothing_left(world)


@pytest.mark.parametrize("stall", [False, True], ids=["cut", "stall"])
def test_a_cut_is_resumed_from_the_byte_that_was_reached(world: World, stall: bool) -> None:
    """With ranges and a strong validator, and the upload goes on."""
    world.has()
    file = world.serve(OriginFile(content_of(6 * PART), cuts=[None, 1500], stall=stall))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert [asked.headers["Range"] for asked in world.origins.asked] == ["bytes=0-999", "bytes=1000-", "bytes=2500-"]
    assert world.objects.calls["create_upload"] == 1


def test_many_cuts_are_survived_while_there_is_progress(world: World) -> None:
    """Three tries in a row without a part's worth of bytes, not three in all."""
    world.has()
    file = world.serve(OriginFile(content_of(9 * PART), cuts=[None] + [PART + 100] * 7))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_cuts_without_progress_end(world: World) -> None:
    """An origin that always cuts is not asked for ever."""
    world.has()
    world.serve(OriginFile(content_of(9 * PART), cuts=[None] + [10] * 50))
    assert failed("ORIGIN_TRUNCATED", world.copy())
    assert len(world.origins.asked) <= 8
    assert_nothing_left(world)


@pytest.mark.parametrize("cut", [0, 10, 2500])
def test_a_cut_without_ranges_starts_again_with_a_fresh_upload(world: World, cut: int) -> None:
    """The old one is aborted."""
    world.has()
    file = world.serve(OriginFile(content_of(5 * PART), ranges=False, cuts=[cut]))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert world.objects.calls["create_upload"] == world.objects.calls["abort"] + 1


def test_fewer_bytes_than_announced_are_never_a_file(world: World) -> None:
    """A clean end counts as little as a reset."""
    world.has()
    short = [FakeBody(200, {"content-length": "3000"}, content_of(2999)) for _ in range(3)]
    world.serve(OriginFile(b"", before=[*short]))
    assert failed("ORIGIN_TRUNCATED", world.copy())
    assert_nothing_left(world)


def test_more_bytes_than_the_range_are_refused(world: World) -> None:
    """Length and range contradict each other."""
    world.has()
    headers = {"content-range": "bytes 0-4/5", "content-length": "6", "etag": '"v1"'}
    world.serve(OriginFile(b"", before=[FakeBody(206, headers, b"123456")]))
    assert failed("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)


def changed(**headers: str) -> FakeBody:
    """A 206 for the rest of a file of 5 parts, with other headers than before."""
    described = {"content-range": "bytes 1000-4999/5000", "content-length": "4000", "etag": '"v1"'}
    return FakeBody(206, described | {name.replace("_", "-"): value for name, value in headers.items()}, b"x" * 4000)


@pytest.mark.parametrize(
    "answer",
    [
        FakeBody(412),
        FakeBody(200, {"content-length": "5000"}, b"y" * 5000),
        FakeBody(416, {"content-range": "bytes */500"}),
        changed(etag='"v2"'),
        changed(content_range="bytes 1000-5999/6000"),
    ],
    ids=["412", "200", "416", "etag", "size"],
)
def test_a_file_that_changes_midway_is_copied_anew(world: World, answer: FakeBody) -> None:
    """No byte of the old version is in the object."""
    world.has()
    content = content_of(5 * PART)
    probe = FakeBody(206, {"content-range": "bytes 0-999/5000", "content-length": "1000", "etag": '"v1"'}, b"o" * PART)
    world.serve(OriginFile(content, etag='"v2"', before=[probe, answer]))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, content)


def test_a_file_that_keeps_changing_is_given_up(world: World) -> None:
    """ORIGIN_CHANGED after three tries."""
    world.has()
    file = OriginFile(content_of(5 * PART))
    file.before = [answer for _ in range(3) for answer in (file(_asked("bytes=0-999")), FakeBody(412))]
    world.serve(file)
    assert failed("ORIGIN_CHANGED", world.copy())
    assert_nothing_left(world)


def _asked(range_: str) -> Asked:
    return Asked("https://reports.example.com/", {"Range": range_}, 1.0)


@pytest.mark.parametrize("status", [404, 403])
def test_a_file_that_vanishes_midway_is_a_typed_failure(world: World, status: int) -> None:
    """And the parts are dropped."""
    world.has()
    file = OriginFile(content_of(5 * PART))
    file.before = [file(_asked("bytes=0-999")), FakeBody(status)]
    world.serve(file)
    assert failed({404: "ORIGIN_NOT_FOUND", 403: "ORIGIN_REFUSED"}[status], world.copy())
    assert_nothing_left(world)


def test_the_rest_in_another_range_is_refused(world: World) -> None:
    """Off by one is a wrong file."""
    world.has()
    file = OriginFile(content_of(5 * PART))
    file.before = [file(_asked("bytes=0-999")), changed(content_range="bytes 1001-4999/5000", content_length="3999")]
    world.serve(file)
    assert failed("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)


def test_a_compressed_answer_is_not_the_file(world: World) -> None:
    """It was asked for as it is; but a .gz is compressed by nature."""
    world.has()
    world.serve(OriginFile(content_of(50), headers={"content-encoding": "gzip"}))
    assert failed("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)
    world.has(path="logs/a.csv.gz?x=1")
    assert world.copy() == {"outcome": "STORED"}


@pytest.mark.parametrize(("size", "length"), [(5001, True), (5001, False)], ids=["announced", "found"])
def test_a_file_beyond_the_limit_is_refused(world: World, size: int, length: bool) -> None:
    """At once when its size is announced, and as soon as it shows otherwise."""
    world.has()
    world.serve(OriginFile(content_of(size), length=length, ranges=length))
    assert failed("FILE_TOO_LARGE", world.copy(largest=5000))
    assert_nothing_left(world)
    assert world.objects.calls["create_upload"] == (0 if length else 1)


def test_the_limit_is_what_a_worker_can_carry_in_parts_of_s3() -> None:
    """Ten thousand parts of 8 MiB are more than that."""
    assert LARGEST < 10_000 * 8 * 1024 * 1024


def test_the_expected_sha256_is_checked(world: World) -> None:
    """Before anything becomes an object."""
    for size in (10, 3 * PART):
        content = content_of(size)
        world.serve(OriginFile(content))
        world.has(sha256="0" * 64)
        assert failed("CHECKSUM_MISMATCH", world.copy())
        assert_nothing_left(world)
        world.has(sha256=hashlib.sha256(content).hexdigest())
        assert world.copy() == {"outcome": "STORED"}
        world.objects.objects.clear()


def test_the_time_is_up(world: World) -> None:
    """The worker stops while there is time to clean up."""
    world.has()

    def slow() -> None:
        world.clock.time += 50

    world.serve(OriginFile(content_of(50 * PART), on_read=slow))
    assert failed("TIMED_OUT", world.copy(seconds=300))
    assert_nothing_left(world)


def test_a_wait_beyond_the_deadline_is_not_begun(world: World) -> None:
    """The fault is reported instead."""
    world.has()
    world.serve(OriginFile(content_of(5), before=[FakeBody(503, {"retry-after": "20"})]))
    assert failed("ORIGIN_ERROR", world.copy(seconds=10))


def at_operation(name: str, action: Callable[[], None]) -> Callable[[str], None]:
    """Run something once, when an operation is called."""
    waiting = [action]

    def called(operation: str) -> None:
        if operation == name and waiting:
            waiting.pop()()

    return called


def cancel_in(world: World) -> Callable[[], None]:
    """A cancel that comes in the middle."""
    return lambda: world.downloads.rows.update({ARN: replace(world.row, status=Status.CANCELLED)})


@pytest.mark.parametrize("operation", ["create_upload", "upload_part", "complete", "put"])
def test_a_cancel_in_the_middle_leaves_nothing(world: World, operation: str) -> None:
    """Whenever it comes: before the upload is noted, between parts, or at the very end."""
    world.has()
    world.serve(OriginFile(content_of(500 if operation == "put" else 9 * PART)))
    world.objects.fail = at_operation(operation, cancel_in(world))
    assert failed("STOPPED", world.copy())
    assert_nothing_left(world)
    assert world.row.status is Status.CANCELLED


def test_progress_is_written_once_a_second_and_a_cancel_is_seen_by_it(world: World) -> None:
    """The row says COPYING and how far."""
    world.has()
    seen: list[tuple[Status, int | None, int | None]] = []

    def read() -> None:
        world.clock.time += 0.4
        seen.append((world.row.status, world.row.copied_bytes, world.row.size))
        if len(seen) == 20:
            cancel_in(world)()

    world.serve(OriginFile(content_of(90 * PART), on_read=read))
    assert failed("STOPPED", world.copy())
    assert 4 <= world.downloads.calls["progress"] <= 8
    assert any(status is Status.COPYING and copied and size == 90 * PART for status, copied, size in seen)
    assert len(seen) < 25
    assert_nothing_left(world)


def test_a_copy_outlives_progress_that_cannot_be_written(world: World) -> None:
    """A busy table is no reason to lose the file."""
    world.has()

    def busy(operation: str) -> None:
        if operation == "downloads.progress":
            raise ServiceError("UpdateItem", "ThrottlingException")

    def read() -> None:
        world.clock.time += 1.0

    world.downloads.before = busy
    file = world.serve(OriginFile(content_of(5 * PART), on_read=read))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_a_finished_download_is_not_copied_again(world: World, status: Status) -> None:
    """A late or repeated invocation answers what the row says."""
    world.has(status=status, failure=Failure("ORIGIN_ERROR", "No.") if status is Status.FAILED else None)
    outcome = world.copy()
    assert outcome["outcome"] == ("STORED" if status is Status.READY else "FAILED")
    if status is Status.FAILED:
        assert outcome["error"] == {"code": "ORIGIN_ERROR", "message": "No."}
    assert world.origins.asked == []


def test_a_download_that_is_gone_or_expired_is_not_copied(world: World) -> None:
    """Nobody could fetch it."""
    assert failed("STOPPED", world.copy())
    world.has(expires_at=1)
    assert failed("STOPPED", world.copy())
    assert world.origins.asked == []


def test_an_origin_that_was_taken_away_is_a_failure(world: World) -> None:
    """The owner changed the stack while it was pending."""
    world.has(origin="gone")
    assert failed("ORIGIN_ERROR", world.copy())


@pytest.mark.parametrize("size", [5, 3 * PART])
def test_what_an_earlier_worker_left_is_dropped_first(world: World, size: int) -> None:
    """A worker that was killed left its upload in the row."""
    world.has(status=Status.COPYING, upload_id="old")
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    file = world.serve(OriginFile(content_of(size)))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_the_upload_is_noted_before_its_first_part(world: World) -> None:
    """Whoever cleans up after a killed worker has to know it."""
    world.has()
    noted: list[str | None] = []
    world.objects.fail = lambda operation: noted.append(world.row.upload_id) if operation == "upload_part" else None
    world.serve(OriginFile(content_of(3 * PART)))
    world.copy()
    assert set(noted) == {"upload-1"}


@pytest.mark.parametrize("operation", ["create_upload", "upload_part", "complete", "put", "head"])
def test_a_failing_bucket_is_raised_for_another_invocation(world: World, operation: str) -> None:
    """The state machine tries again; nothing is left meanwhile."""
    world.has()
    world.serve(OriginFile(content_of(500 if operation == "put" else 5 * PART)))

    def fail(called: str) -> None:
        if called == operation:
            raise StorageError(operation, "SlowDown")

    world.objects.fail = fail
    with pytest.raises(StorageError, match="SlowDown"):
        world.copy()
    assert not world.objects.uploads
    assert world.row.upload_id is None
    world.objects.fail = lambda _operation: None
    assert world.copy() == {"outcome": "STORED"}


@pytest.mark.parametrize("operation", ["put", "complete"])
def test_a_lost_reply_is_recognised(world: World, operation: str) -> None:
    """The call went through, its reply did not, and the SDK's second try meets our own object."""
    world.has()
    file = world.serve(OriginFile(content_of(500 if operation == "put" else 5 * PART)))

    def lost(called: str) -> None:
        if called == operation:
            raise ObjectExistsError(operation, "PreconditionFailed")

    world.objects.after = lost
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_a_completed_upload_that_is_gone_is_recognised(world: World) -> None:
    """NoSuchUpload, and the object is there."""
    world.has()
    file = world.serve(OriginFile(content_of(5 * PART)))

    def gone(called: str) -> None:
        if called == "complete":
            raise UploadGoneError(called, "NoSuchUpload")

    world.objects.after = gone
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize("size", [500, 5 * PART])
def test_an_object_that_is_not_ours_is_neither_overwritten_nor_deleted(world: World, size: int) -> None:
    """Whoever put it there."""
    world.has()
    foreign = StoredObject(b"theirs", {}, "text/plain")
    world.objects.objects[KEY] = foreign
    world.serve(OriginFile(content_of(size)))
    assert failed("STORAGE_ERROR", world.copy())
    assert world.objects.objects == {KEY: foreign}
    assert not world.objects.uploads


@pytest.mark.parametrize("size", [500, 5 * PART])
def test_an_object_that_differs_is_never_ready(world: World, size: int) -> None:
    """Ours by its metadata, but with other bytes."""
    world.has()
    world.objects.objects[KEY] = StoredObject(b"x" * size, {"download-id": DOWNLOAD_ID}, "text/csv")
    world.serve(OriginFile(content_of(size)))
    assert failed("STORAGE_ERROR", world.copy())
    assert world.row.status is not Status.READY


def test_a_worker_that_was_replaced_stops(world: World) -> None:
    """Two workers of one download: the one whose upload is in the row wins."""
    world.has()

    def read() -> None:
        world.clock.time += 2.0
        if world.row.upload_id == "upload-1":
            world.downloads.rows[ARN] = replace(world.row, upload_id="another")

    world.serve(OriginFile(content_of(9 * PART), on_read=read))
    assert failed("STOPPED", world.copy())
    assert world.row.upload_id == "another"
    assert not world.objects.objects


def test_another_try_that_was_faster_is_as_good(world: World) -> None:
    """READY by somebody else is stored."""
    world.has()
    file = world.serve(OriginFile(content_of(5)))

    def finished(operation: str) -> None:
        if operation == "downloads.finish":
            world.downloads.rows[ARN] = replace(world.row, status=Status.READY)

    world.downloads.before = finished
    assert world.copy() == {"outcome": "STORED"}
    assert world.objects.objects[KEY].body == file.content


def test_an_abort_is_repeated_until_the_upload_stays_away(world: World) -> None:
    """A part in flight brings it back."""
    world.has()
    left = [2]

    def back(operation: str) -> None:
        if operation == "abort" and left[0]:
            left[0] -= 1
            world.objects.uploads["upload-1"] = Upload(KEY, "text/csv", {})

    world.objects.after = back
    file = OriginFile(content_of(5 * PART))
    file.before = [file(_asked("bytes=0-999")), FakeBody(404)]
    world.serve(file)
    assert failed("ORIGIN_NOT_FOUND", world.copy())
    assert world.objects.calls["abort"] == 3
    assert_nothing_left(world)


def test_nothing_is_in_flight_when_an_upload_is_aborted(world: World) -> None:
    """A part that ended later would bring it back."""
    world.has()
    origin_failed = threading.Event()
    in_flight: list[int] = []

    def called(operation: str) -> None:
        if operation == "upload_part":
            assert origin_failed.wait(10)
        elif operation == "abort":
            in_flight.append(world.objects.held)

    world.objects.fail = called
    file = world.serve(OriginFile(content_of(5 * PART)))

    def answer(asked: Asked) -> FakeBody:
        if asked.headers["Range"] == "bytes=0-999":
            return file(asked)
        origin_failed.set()
        return FakeBody(403)

    world.origins.answer = answer
    assert failed("ORIGIN_REFUSED", world.copy())
    assert in_flight == [0]


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
    assert failed("TIMED_OUT", world.copy(seconds=130))
    assert waits == [60.0, 60.0, 50.0, 10.0]


def test_an_object_of_another_size_is_never_ready(world: World) -> None:
    """Even if its checksum should agree."""
    world.has()
    real = world.objects.head

    def head(key: str) -> ObjectHead | None:
        found = real(key)
        return found and replace(found, size=found.size + 1)

    world.objects.head = head  # type: ignore[method-assign]
    world.serve(OriginFile(content_of(3 * PART)))
    assert failed("STORAGE_ERROR", world.copy())


def test_memory_is_bounded_by_the_buffers(world: World) -> None:
    """Whatever the file's size, no more parts are in flight than there are spare buffers."""
    world.has()
    world.serve(OriginFile(content_of(60 * PART)))
    world.copy()
    assert world.objects.largest_parts <= 2 * PART


def test_the_type_of_the_object_is_safe(world: World) -> None:
    """A page of the origin does not become a page of ours."""
    world.has()
    world.serve(OriginFile(b"<script>", content_type="text/html"))
    world.copy()
    assert world.objects.objects[KEY].content_type == "application/octet-stream"
    assert world.row.stored is not None
    assert world.row.stored.content_type == "application/octet-stream"


def test_secret_headers_are_read_when_they_are_needed(world: World) -> None:
    """From their ARN, for each request."""
    world.has()
    world.secrets.values["arn:key"] = "s3cret"
    world.serve(OriginFile(content_of(3 * PART)))
    world.copy(origin=replace(ORIGIN, secret_headers={"X-Key": "arn:key"}))
    assert {asked.headers["X-Key"] for asked in world.origins.asked} == {"s3cret"}


def test_every_connection_is_closed(world: World) -> None:
    """Also after a failure."""
    for cuts in ([], [None, 10], [10] * 9):
        world.has()
        world.objects.objects.clear()
        world.serve(OriginFile(content_of(5 * PART), cuts=list(cuts)))
        world.copy()
    assert all(body.closed for body in world.origins.bodies)
