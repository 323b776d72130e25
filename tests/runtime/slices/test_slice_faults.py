"""Slices of an origin, a bucket or a table that fails: what may mend is left to another worker, the rest is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

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
from tests.runtime.support.copying import assert_nothing_left, is_failure
from tests.runtime.support.fakes import Asked, FakeBody
from tests.runtime.support.slicing import (
    SIZE,
    SLICES,
    complete_and_assert_stored,
    expected_parts,
    start_upload,
    uploaded_parts,
)
from tests.runtime.support.world import ARN, KEY, PART, World, content_of

Answer = Callable[[Asked], FakeBody]
TRANSIENT: list[tuple[Answer, type[TransferError]]] = [
    (lambda _asked: FakeBody(503), OriginBusyError),
    (lambda _asked: FakeBody(429, {"retry-after": "3"}), OriginBusyError),
    (lambda _asked: raising(OriginUnreachableError("No.")), OriginUnreachableError),
    (lambda asked: FakeBody(206, described(asked), b"", cut_after=0), OriginTruncatedError),
    (lambda asked: FakeBody(206, described(asked), b""), OriginTruncatedError),
    (lambda asked: FakeBody(206, described(asked), bytes(PART), cut_after=PART), OriginTruncatedError),
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
    file = start_upload(world)
    failures = [answer]

    def first_fails(asked: Asked) -> FakeBody:
        if asked.headers["Range"].startswith("bytes=0-") and failures:
            return failures.pop()(asked)
        return file(asked)

    world.origins.answer = first_fails
    world.copy_slice(0)
    assert uploaded_parts(world) == expected_parts(file, 0)
    assert world.clock.slept


@pytest.mark.parametrize(("answer", "kind"), TRANSIENT)
def test_an_origin_that_goes_on_failing_is_left_to_another_worker(
    world: World, answer: Answer, kind: type[TransferError]
) -> None:
    """It may mend, so the copy goes on; but if it does not, clients are told what it was."""
    file = start_upload(world)
    world.origins.answer = answer
    with pytest.raises(TransferError) as raised:
        world.copy_slice(0)
    assert raised.value.code == kind.code
    assert (world.row.failure, world.row.status) == (None, Status.COPYING)
    assert world.row.last_error is not None
    assert world.row.last_error.code == kind.code
    world.origins.answer = file
    for index in range(SLICES):
        world.copy_slice(index)
    complete_and_assert_stored(world, file)
    assert world.row.last_error is None


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
    file = start_upload(world)
    world.origins.answer = lambda asked: answer() if asked.headers["Range"].startswith("bytes=0-") else file(asked)
    world.copy_slice(0)
    assert 1 not in uploaded_parts(world)
    assert not world.clock.slept
    assert world.row.failure is not None
    assert (world.row.failure.code, world.row.status) == (code, Status.COPYING)
    asked = len(world.origins.asked)
    world.copy_slice(1)
    assert len(world.origins.asked) == asked
    outcome = world.complete()
    assert is_failure(code, outcome)
    world.fail.run(ARN, Failure(code, "..."))
    assert world.row.status is Status.FAILED
    assert_nothing_left(world)


def test_the_first_reason_stays(world: World) -> None:
    """A later one is often its consequence."""
    start_upload(world)
    assert world.downloads.record_failure(ARN, failure=Failure("ORIGIN_CHANGED", "1"), upload_id="upload-1")
    assert not world.downloads.record_failure(ARN, failure=Failure("ORIGIN_NOT_FOUND", "2"), upload_id="upload-1")
    assert world.row.failure == Failure("ORIGIN_CHANGED", "1")


def test_a_file_that_changes_midway_is_never_mixed(world: World) -> None:
    """Half of the slices were of the old version."""
    file = start_upload(world)
    world.copy_slice(0)
    file.content, file.etag = content_of(SIZE + 1)[:SIZE], '"v2"'
    world.copy_slice(1)
    assert is_failure("ORIGIN_CHANGED", world.complete())
    assert KEY not in world.objects.objects


def test_what_a_state_machine_does_not_know_its_workers_have_noted() -> None:
    """A map that failed says nothing of why."""
    for attribute in ("failure", "last_error"):
        world = World()
        start_upload(world)
        noted = Failure("ORIGIN_ERROR", "The origin answered HTTP 503.")
        world.downloads.rows[ARN] = replace(world.row, **{attribute: noted})  # type: ignore[arg-type]
        world.fail.run(ARN, Failure("TRANSFER_FAILED", "The transfer failed."))
        assert (world.row.status, world.row.failure) == (Status.FAILED, noted)


def test_what_a_state_machine_does_know_counts() -> None:
    """A time-out is not the last_error of an hour ago."""
    world = World()
    start_upload(world)
    world.downloads.record_last_error(ARN, failure=Failure("ORIGIN_ERROR", "503"), upload_id="upload-1")
    world.fail.run(ARN, Failure("TIMED_OUT", "The transfer took too long."))
    assert world.row.failure == Failure("TIMED_OUT", "The transfer took too long.")


def test_a_failing_bucket_is_raised_for_another_worker(world: World) -> None:
    """Parts that are there stay."""
    file = start_upload(world)

    def fail(operation: str) -> None:
        if operation == "upload_part" and len(uploaded_parts(world)) >= 2:
            raise StorageError(operation, "SlowDown")

    world.objects.fail = fail
    with pytest.raises(StorageError):
        world.copy_slice(0)
    held = len(uploaded_parts(world))
    assert held >= 2
    world.objects.fail = lambda _operation: None
    world.origins.asked.clear()
    world.copy_slice(0)
    assert len(world.origins.asked) == 3 - held
    assert uploaded_parts(world) == expected_parts(file, 0)


@pytest.mark.parametrize("error", [TimedOutError("Over."), OriginTimeoutError("Slow.")])
def test_a_worker_whose_time_is_up_leaves_the_rest_to_the_next(world: World, error: TransferError) -> None:
    """Nothing is wrong with the file."""
    start_upload(world)
    world.origins.answer = lambda _asked: raising(error)
    with pytest.raises(type(error)):
        world.copy_slice(0)
    assert world.row.failure is None
    assert world.row.last_error is not None


def test_a_worker_ends_when_its_time_is_up(world: World) -> None:
    """An origin that drips is not waited for."""
    file = start_upload(world, 60 * PART)
    file.on_read = lambda: world.clock.sleep(30)
    with pytest.raises(TimedOutError):
        world.copy_slice(0, seconds=100, wide=True)
    assert uploaded_parts(world)


def test_a_table_that_is_busy_is_no_reason_to_lose_a_slice(world: World) -> None:
    """The look is left out."""
    file = start_upload(world)
    looked = threading.Event()

    def busy(operation: str) -> None:
        if operation == "downloads.get" and world.objects.calls["upload_part"]:
            looked.set()
            raise ServiceError("GetItem", "ThrottlingException")

    world.downloads.before = busy
    world.objects.after = lambda _operation: world.clock.sleep(2)
    world.copy_slice(0)
    assert looked.is_set()
    assert uploaded_parts(world) == expected_parts(file, 0)


def test_an_origin_that_was_taken_away_is_a_failure(world: World) -> None:
    """The owner changed the stack while_waiting."""
    start_upload(world)
    world.downloads.rows[ARN] = replace(world.row, origin="gone")
    world.copy_slice(0)
    assert world.row.failure is not None
    assert world.row.failure.code == "ORIGIN_ERROR"


def test_a_slice_waits_as_long_as_the_origin_wishes(world: World) -> None:
    """Where that is a matter of seconds."""
    file = start_upload(world)
    busy = [FakeBody(503, {"retry-after": "17"})]
    world.origins.answer = lambda asked: busy.pop() if busy else file(asked)
    world.copy_slice(0)
    assert world.clock.slept == [17.0]
    assert uploaded_parts(world) == expected_parts(file, 0)
