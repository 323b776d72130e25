"""Workers of slices: what they store tiles the file, whatever happens to them or to the origin."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import (
    OriginBusyError,
    OriginTimeoutError,
    OriginTlsError,
    OriginTruncatedError,
    OriginUnreachableError,
    ServiceError,
    StorageError,
    TimedOutError,
    TransferError,
)
from runtime.models import Failure, Status
from tests.runtime.fakes import Asked, FakeBody
from tests.runtime.test_copy import assert_nothing_left, cancel_in, failed
from tests.runtime.world import ARN, KEY, PART, OriginFile, World, content_of

SIZE = 10 * PART + 7
SLICES = 4


def planned(world: World, size: int = SIZE) -> OriginFile:
    """A download whose upload has begun; the origin has forgotten about the probe."""
    world.has()
    file = world.serve(OriginFile(content_of(size)))
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    world.origins.asked.clear()
    world.objects.calls.clear()
    return file


def parts(world: World) -> dict[int, bytes]:
    """What S3 holds of the upload."""
    return world.objects.uploads["upload-1"].parts


def expected(file: OriginFile, index: int) -> dict[int, bytes]:
    """The parts of a slice."""
    numbers = range(index * 3 + 1, min(index * 3 + 3, -(-len(file.content) // PART)) + 1)
    return {number: file.content[(number - 1) * PART : number * PART] for number in numbers}


def assert_whole(world: World, file: OriginFile) -> None:
    """The object is the file, and nothing else is left."""
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.objects[KEY].body == file.content
    assert not world.objects.uploads
    row = world.row
    assert (row.status, row.copied_bytes, row.upload_id) == (Status.READY, len(file.content), None)


@settings(max_examples=40, deadline=None)
@given(size=st.integers(2 * PART, 14 * PART), order=st.randoms(use_true_random=False))
def test_slices_of_any_size_in_any_order_are_the_file(size: int, order: st.DataObject) -> None:
    """Byte for byte, and no byte is asked for twice."""
    world = World()
    file = planned(world, size)
    slices = list(range(-(-size // (3 * PART))))
    order.shuffle(slices)  # type: ignore[attr-defined]
    for index in slices:
        world.copy_slice(index)
    asked = sorted(asked.headers["Range"] for asked in world.origins.asked)
    assert len(asked) == len(set(asked)) == -(-size // PART)
    assert_whole(world, file)
    assert world.row.stored is not None
    assert world.row.stored.sha256 is None


def test_every_range_is_of_the_planned_version_and_comes_as_it_is(world: World) -> None:
    """Never compressed, never of another version."""
    planned(world)
    world.copy_slice(3)
    headers = {asked.headers["Range"]: asked.headers for asked in world.origins.asked}
    assert set(headers) == {f"bytes={9 * PART}-{10 * PART - 1}", f"bytes={10 * PART}-{SIZE - 1}"}
    assert {(one["If-Match"], one["Accept-Encoding"]) for one in headers.values()} == {('"v1"', "identity")}
    assert all(body.closed for body in world.origins.bodies)


def test_what_an_earlier_worker_stored_is_used_again(world: World) -> None:
    """Only what is missing, or has the wrong size, is fetched."""
    file = planned(world)
    parts(world).update({4: file.content[3 * PART : 4 * PART], 5: b"short"})
    world.copy_slice(1)
    assert parts(world) == expected(file, 1)
    assert len(world.origins.asked) == 2
    world.copy_slice(1)
    assert len(world.origins.asked) == 2


def test_memory_is_a_buffer_for_each_of_a_few_lanes(world: World) -> None:
    """However many parts there are."""
    planned(world)
    world.objects.after = lambda _operation: time.sleep(0.001)
    for index in range(SLICES):
        world.copy_slice(index)
    assert world.objects.largest_parts <= 4 * PART


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.none() | st.integers(0, PART), max_size=3))
def test_a_part_that_breaks_off_goes_on_where_it_did(cuts: list[int | None]) -> None:
    """Up to three cuts anywhere."""
    world = World()
    file = planned(world)
    file.cuts = cuts
    world.copy_slice(0)
    assert parts(world) == expected(file, 0)
    assert world.row.failure is None


Answer = Callable[[Asked], FakeBody]
TRANSIENT: list[tuple[Answer, type[TransferError]]] = [
    (lambda _asked: FakeBody(503), OriginBusyError),
    (lambda _asked: FakeBody(429, {"retry-after": "3"}), OriginBusyError),
    (lambda _asked: raising(OriginUnreachableError("No.")), OriginUnreachableError),
    (lambda asked: FakeBody(206, described(asked), b"", cut_after=0), OriginTruncatedError),
    (lambda asked: FakeBody(206, described(asked), b""), OriginTruncatedError),
]


def described(asked: Asked) -> dict[str, str]:
    """The headers of the range that was asked for."""
    return {"content-range": f"bytes {asked.headers['Range'].removeprefix('bytes=')}/{SIZE}", "etag": '"v1"'}


def whole_part(**headers: str) -> dict[str, str]:
    """The headers of the first part."""
    return {"content-range": f"bytes 0-{PART - 1}/{SIZE}", "etag": '"v1"'} | headers


def raising(error: Exception) -> FakeBody:
    """An answer that does not come."""
    raise error


@pytest.mark.parametrize("answer", [answer for answer, _ in TRANSIENT])
def test_an_origin_that_fails_once_is_asked_again(world: World, answer: Answer) -> None:
    """After a pause, within the same worker."""
    file = planned(world)
    failures = [answer]

    def first_fails(asked: Asked) -> FakeBody:
        if asked.headers["Range"].startswith("bytes=0-") and failures:
            return failures.pop()(asked)
        return file(asked)

    world.origins.answer = first_fails
    world.copy_slice(0)
    assert parts(world) == expected(file, 0)
    assert world.clock.slept


@pytest.mark.parametrize(("answer", "kind"), TRANSIENT)
def test_an_origin_that_goes_on_failing_is_left_to_another_worker(
    world: World, answer: Answer, kind: type[TransferError]
) -> None:
    """It may mend, so the copy goes on; but if it does not, clients are told what it was."""
    file = planned(world)
    world.origins.answer = answer
    with pytest.raises(TransferError) as raised:
        world.copy_slice(0)
    assert raised.value.code == kind.code
    assert (world.row.failure, world.row.status) == (None, Status.COPYING)
    assert world.row.trouble is not None
    assert world.row.trouble.code == kind.code
    world.origins.answer = file
    for index in range(SLICES):
        world.copy_slice(index)
    assert_whole(world, file)
    assert world.row.trouble is None


LASTING: list[tuple[str, Callable[[], FakeBody]]] = [
    ("ORIGIN_NOT_FOUND", lambda: FakeBody(404)),
    ("ORIGIN_NOT_FOUND", lambda: FakeBody(410)),
    ("ORIGIN_REFUSED", lambda: FakeBody(403)),
    ("ORIGIN_ERROR", lambda: FakeBody(400)),
    ("ORIGIN_CHANGED", lambda: FakeBody(412)),
    ("ORIGIN_CHANGED", lambda: FakeBody(416)),
    ("ORIGIN_CHANGED", lambda: FakeBody(200, {"etag": '"v1"'}, content_of(SIZE))),
    ("ORIGIN_CHANGED", lambda: FakeBody(206, whole_part(etag='"v2"'), content_of(PART))),
    ("ORIGIN_CHANGED", lambda: FakeBody(206, {"content-range": f"bytes 0-{PART - 1}/{SIZE}"}, content_of(PART))),
    ("ORIGIN_CHANGED", lambda: FakeBody(206, whole_part() | {"content-range": f"bytes 0-{PART - 1}/{SIZE + 1}"})),
    ("ORIGIN_ERROR", lambda: FakeBody(206, whole_part() | {"content-range": f"bytes 1-{PART}/{SIZE}"})),
    ("ORIGIN_ERROR", lambda: FakeBody(206, whole_part() | {"content-range": f"bytes 0-{PART - 2}/{SIZE}"})),
    ("ORIGIN_ERROR", lambda: FakeBody(206, {"etag": '"v1"'})),
    ("ORIGIN_ERROR", lambda: FakeBody(206, whole_part(**{"content-length": str(PART - 1)}))),
    ("ORIGIN_ERROR", lambda: FakeBody(206, whole_part(), content_of(PART + 1))),
    ("ORIGIN_TLS", lambda: raising(OriginTlsError("No."))),
]


@pytest.mark.parametrize(("code", "answer"), LASTING)
def test_what_cannot_mend_is_noted_and_told(world: World, code: str, answer: Callable[[], FakeBody]) -> None:
    """No part of it is stored, no worker asks again, and the client gets the real code."""
    file = planned(world)
    world.origins.answer = lambda asked: answer() if asked.headers["Range"].startswith("bytes=0-") else file(asked)
    world.copy_slice(0)
    assert 1 not in parts(world)
    assert world.row.failure is not None
    assert (world.row.failure.code, world.row.status) == (code, Status.COPYING)
    asked = len(world.origins.asked)
    world.copy_slice(1)
    assert len(world.origins.asked) == asked
    outcome = world.complete()
    assert failed(code, outcome)
    world.fail(ARN, Failure(code, "..."))
    assert world.row.status is Status.FAILED
    assert_nothing_left(world)


def test_the_first_reason_stays(world: World) -> None:
    """A later one is often its consequence."""
    planned(world)
    assert world.downloads.note_failure(ARN, failure=Failure("ORIGIN_CHANGED", "1"), upload_id="upload-1")
    assert not world.downloads.note_failure(ARN, failure=Failure("ORIGIN_NOT_FOUND", "2"), upload_id="upload-1")
    assert world.row.failure == Failure("ORIGIN_CHANGED", "1")


def test_a_file_that_changes_midway_is_never_mixed(world: World) -> None:
    """Half of the slices were of the old version."""
    file = planned(world)
    world.copy_slice(0)
    file.content, file.etag = content_of(SIZE + 1)[:SIZE], '"v2"'
    world.copy_slice(1)
    assert failed("ORIGIN_CHANGED", world.complete())
    assert KEY not in world.objects.objects


def test_what_a_state_machine_does_not_know_its_workers_have_noted() -> None:
    """A map that failed says nothing of why."""
    for attribute in ("failure", "trouble"):
        world = World()
        planned(world)
        noted = Failure("ORIGIN_ERROR", "The origin answered HTTP 503.")
        world.downloads.rows[ARN] = replace(world.row, **{attribute: noted})  # type: ignore[arg-type]
        world.fail(ARN, Failure("TRANSFER_FAILED", "The transfer failed."))
        assert (world.row.status, world.row.failure) == (Status.FAILED, noted)


def test_what_a_state_machine_does_know_counts() -> None:
    """A time-out is not the trouble of an hour ago."""
    world = World()
    planned(world)
    world.downloads.note_trouble(ARN, failure=Failure("ORIGIN_ERROR", "503"), upload_id="upload-1")
    world.fail(ARN, Failure("TIMED_OUT", "The transfer took too long."))
    assert world.row.failure == Failure("TIMED_OUT", "The transfer took too long.")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": Status.CANCELLED},
        {"status": Status.FAILED},
        {"upload_id": None},
        {"version": None},
        {"expires_at": 1},
        {"failure": Failure("ORIGIN_CHANGED", "Changed.")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_slice_that_nobody_wants_is_not_copied(world: World, fields: dict[str, object]) -> None:
    """A late child, of a Map that was stopped or of an execution that is over."""
    planned(world)
    world.downloads.rows[ARN] = replace(world.row, **fields)  # type: ignore[arg-type]
    world.copy_slice(0)
    assert world.origins.asked == []
    assert not world.objects.calls


def test_a_download_that_is_gone_is_not_copied(world: World) -> None:
    """Its row is not there."""
    world.copy_slice(0)
    assert world.origins.asked == []


@pytest.mark.parametrize("change", ["cancelled", "another upload", "failure"])
def test_a_worker_sees_between_parts_that_it_should_stop(world: World, change: str) -> None:
    """It looks once a second; StopExecution does not reach it."""
    planned(world, 60 * PART)
    fields: dict[str, dict[str, object]] = {
        "cancelled": {"status": Status.CANCELLED},
        "another upload": {"upload_id": "upload-2"},
        "failure": {"failure": Failure("ORIGIN_CHANGED", "Changed.")},
    }

    def stored(operation: str) -> None:
        if operation == "upload_part":
            world.clock.time += 1.5
            world.downloads.rows[ARN] = replace(world.row, **fields[change])  # type: ignore[arg-type]

    world.objects.after = stored
    world.copy_slice(0, wide=True)
    assert 1 <= len(parts(world)) <= 8
    assert world.row.failure == fields[change].get("failure")


def test_a_worker_looks_at_the_row_at_most_once_a_second(world: World) -> None:
    """A look costs money."""
    planned(world, 60 * PART)
    world.downloads.calls.clear()
    world.objects.after = lambda operation: world.clock.sleep(0.1) if operation == "upload_part" else None
    world.copy_slice(0, wide=True)
    assert len(parts(world)) == 60
    assert 4 <= world.downloads.calls["get"] <= 8


def test_an_upload_that_was_aborted_ends_the_worker_quietly(world: World) -> None:
    """A cancel has come and gone."""
    planned(world)
    world.objects.uploads.clear()
    world.copy_slice(0)
    assert world.row.trouble is None
    assert world.row.failure is None


def test_a_cancel_at_any_time_leaves_nothing(world: World) -> None:
    """Also not a part that was in flight."""
    planned(world)
    world.objects.fail = lambda operation: cancel_in(world)() if operation == "upload_part" else None
    world.copy_slice(0)
    world.fail(ARN, Failure("STOPPED", "..."))
    world.copy_slice(1)
    assert failed("STOPPED", world.complete())
    assert_nothing_left(world)


def test_a_failing_bucket_is_raised_for_another_worker(world: World) -> None:
    """Parts that are there stay."""
    file = planned(world)

    def fail(operation: str) -> None:
        if operation == "upload_part" and len(parts(world)) >= 2:
            raise StorageError(operation, "SlowDown")

    world.objects.fail = fail
    with pytest.raises(StorageError):
        world.copy_slice(0)
    held = len(parts(world))
    assert held >= 2
    world.objects.fail = lambda _operation: None
    world.origins.asked.clear()
    world.copy_slice(0)
    assert len(world.origins.asked) == 3 - held
    assert parts(world) == expected(file, 0)


@pytest.mark.parametrize("error", [TimedOutError("Over."), OriginTimeoutError("Slow.")])
def test_a_worker_whose_time_is_up_leaves_the_rest_to_the_next(world: World, error: TransferError) -> None:
    """Nothing is wrong with the file."""
    planned(world)
    world.origins.answer = lambda _asked: raising(error)
    with pytest.raises(type(error)):
        world.copy_slice(0)
    assert world.row.failure is None
    assert world.row.trouble is not None


def test_a_worker_ends_when_its_time_is_up(world: World) -> None:
    """An origin that drips is not waited for."""
    file = planned(world, 60 * PART)
    file.on_read = lambda: world.clock.sleep(30)
    with pytest.raises(TimedOutError):
        world.copy_slice(0, seconds=100, wide=True)
    assert parts(world)


def test_a_table_that_is_busy_is_no_reason_to_lose_a_slice(world: World) -> None:
    """The look is left out."""
    file = planned(world)
    looked = threading.Event()

    def busy(operation: str) -> None:
        if operation == "downloads.get" and world.objects.calls["upload_part"]:
            looked.set()
            raise ServiceError("GetItem", "ThrottlingException")

    world.downloads.before = busy
    world.objects.after = lambda _operation: world.clock.sleep(2)
    world.copy_slice(0)
    assert looked.is_set()
    assert parts(world) == expected(file, 0)


def test_an_origin_that_was_taken_away_is_a_failure(world: World) -> None:
    """The owner changed the stack meanwhile."""
    planned(world)
    world.downloads.rows[ARN] = replace(world.row, origin="gone")
    world.copy_slice(0)
    assert world.row.failure is not None
    assert world.row.failure.code == "ORIGIN_ERROR"
