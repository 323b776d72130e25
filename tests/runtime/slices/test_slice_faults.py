"""Slices with a failing origin, bucket or table: transient faults are left to the next worker, others are recorded."""

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
from tests.runtime.support.fakes import FakeBody, OriginRequest
from tests.runtime.support.slicing import (
    SIZE,
    SLICES,
    complete_and_assert_stored,
    expected_parts,
    start_upload,
    uploaded_parts,
)
from tests.runtime.support.world import ARN, PART, World, content_of

Answer = Callable[[OriginRequest], FakeBody]
TRANSIENT: list[tuple[Answer, type[TransferError]]] = [
    (lambda _request: FakeBody(503), OriginBusyError),
    (lambda _request: FakeBody(429, {"retry-after": "3"}), OriginBusyError),
    (lambda _request: raise_error(OriginUnreachableError("No.")), OriginUnreachableError),
    (lambda request: FakeBody(206, range_headers(request), b"", cut_after=0), OriginTruncatedError),
    (lambda request: FakeBody(206, range_headers(request), b""), OriginTruncatedError),
    (lambda request: FakeBody(206, range_headers(request), bytes(PART), cut_after=PART), OriginTruncatedError),
]


def range_headers(request: OriginRequest) -> dict[str, str]:
    """Return the headers of the requested range."""
    return {"content-range": f"bytes {request.headers['Range'].removeprefix('bytes=')}/{SIZE}", "etag": '"v1"'}


def first_part_headers(**headers: str) -> dict[str, str]:
    """Return the headers of the first part."""
    return {"content-range": f"bytes 0-{PART - 1}/{SIZE}", "etag": '"v1"'} | headers


def raise_error(error: Exception) -> FakeBody:
    """Raise an error instead of answering."""
    raise error


@pytest.mark.parametrize("answer", [answer for answer, _ in TRANSIENT])
def test_origin_that_fails_once_is_retried_by_the_same_worker(world: World, answer: Answer) -> None:
    file = start_upload(world)
    failures = [answer]

    def fail_first(request: OriginRequest) -> FakeBody:
        if request.headers["Range"].startswith("bytes=0-") and failures:
            return failures.pop()(request)
        return file.answer(request)

    world.origins.answer = fail_first
    world.copy_slice(0)
    assert uploaded_parts(world) == expected_parts(file, 0)
    assert world.clock.slept


@pytest.mark.parametrize(("answer", "error_type"), TRANSIENT)
def test_origin_that_keeps_failing_is_left_to_the_next_worker(
    world: World, answer: Answer, error_type: type[TransferError]
) -> None:
    """The last error is recorded, in case no worker succeeds."""
    file = start_upload(world)
    world.origins.answer = answer
    with pytest.raises(TransferError) as error_info:
        world.copy_slice(0)
    assert error_info.value.code == error_type.code
    assert (world.row.failure, world.row.status) == (None, Status.COPYING)
    assert world.row.last_error is not None
    assert world.row.last_error.code == error_type.code
    world.origins.answer = file.answer
    for index in range(SLICES):
        world.copy_slice(index)
    complete_and_assert_stored(world, file)
    assert world.row.last_error is None


PERMANENT: list[tuple[str, Callable[[], FakeBody]]] = [
    ("ORIGIN_NOT_FOUND", lambda: FakeBody(404)),
    ("ORIGIN_NOT_FOUND", lambda: FakeBody(410)),
    ("ORIGIN_REFUSED", lambda: FakeBody(401)),
    ("ORIGIN_ERROR", lambda: FakeBody(204)),
    ("ORIGIN_ERROR", lambda: FakeBody(206, first_part_headers(**{"content-length": str(PART - 1)}))),
    ("ORIGIN_ERROR", lambda: FakeBody(206, first_part_headers(), content_of(PART + 1))),
    ("ORIGIN_TLS", lambda: raise_error(OriginTlsError("No."))),
]


@pytest.mark.parametrize(("code", "answer"), PERMANENT)
def test_permanent_failure_is_recorded_and_stops_other_workers(
    world: World, code: str, answer: Callable[[], FakeBody]
) -> None:
    file = start_upload(world)
    world.origins.answer = lambda request: (
        answer() if request.headers["Range"].startswith("bytes=0-") else file.answer(request)
    )
    world.copy_slice(0)
    assert 1 not in uploaded_parts(world)
    assert not world.clock.slept
    assert world.row.failure is not None
    assert (world.row.failure.code, world.row.status) == (code, Status.COPYING)
    request = len(world.origins.requests)
    world.copy_slice(1)
    assert len(world.origins.requests) == request
    outcome = world.complete()
    assert is_failure(code, outcome)
    world.fail.run(ARN, Failure(code, "..."))
    assert world.row.status is Status.FAILED
    assert_nothing_left(world)


def test_first_recorded_failure_is_kept(world: World) -> None:
    """A later one is often its consequence."""
    start_upload(world)
    assert world.downloads.record_failure(ARN, failure=Failure("ORIGIN_CHANGED", "1"), upload_id="upload-1")
    assert not world.downloads.record_failure(ARN, failure=Failure("ORIGIN_NOT_FOUND", "2"), upload_id="upload-1")
    assert world.row.failure == Failure("ORIGIN_CHANGED", "1")


def test_unspecific_failure_is_replaced_by_the_recorded_one() -> None:
    """A Map that failed does not say why."""
    for attribute in ("failure", "range_failure", "last_error"):
        world = World()
        start_upload(world)
        recorded = Failure("ORIGIN_ERROR", "The origin answered HTTP 503.")
        world.downloads.rows[ARN] = replace(world.row, **{attribute: recorded})  # type: ignore[arg-type]
        world.fail.run(ARN, Failure("TRANSFER_FAILED", "The transfer failed."))
        assert (world.row.status, world.row.failure) == (Status.FAILED, recorded)


def test_specific_failure_replaces_the_recorded_one() -> None:
    """A time-out is not the last error of an hour ago."""
    world = World()
    start_upload(world)
    world.downloads.record_last_error(ARN, failure=Failure("ORIGIN_ERROR", "503"), upload_id="upload-1")
    world.fail.run(ARN, Failure("TIMED_OUT", "The transfer took too long."))
    assert world.row.failure == Failure("TIMED_OUT", "The transfer took too long.")


def test_s3_error_is_raised_and_stored_parts_are_kept(world: World) -> None:
    file = start_upload(world)

    def fail(operation: str) -> None:
        if operation == "upload_part" and len(uploaded_parts(world)) >= 2:
            raise StorageError(operation, "SlowDown")

    world.objects.before_call = fail
    with pytest.raises(StorageError):
        world.copy_slice(0)
    stored_count = len(uploaded_parts(world))
    assert stored_count >= 2
    world.objects.before_call = lambda _operation: None
    world.origins.requests.clear()
    world.copy_slice(0)
    assert len(world.origins.requests) == 3 - stored_count
    assert uploaded_parts(world) == expected_parts(file, 0)


@pytest.mark.parametrize("error", [TimedOutError("Over."), OriginTimeoutError("Slow.")])
def test_worker_whose_time_is_up_leaves_the_rest_to_the_next(world: World, error: TransferError) -> None:
    start_upload(world)
    world.origins.answer = lambda _request: raise_error(error)
    with pytest.raises(type(error)):
        world.copy_slice(0)
    assert world.row.failure is None
    assert world.row.last_error is not None


def test_worker_stops_when_its_time_is_up(world: World) -> None:
    file = start_upload(world, 60 * PART)
    file.on_read = lambda: world.clock.sleep(30)
    with pytest.raises(TimedOutError):
        world.copy_slice(0, seconds=100, wide=True)
    assert uploaded_parts(world)


def test_throttled_table_does_not_fail_a_slice(world: World) -> None:
    file = start_upload(world)
    was_read = threading.Event()

    def throttle(operation: str) -> None:
        if operation == "downloads.get" and world.objects.calls["upload_part"]:
            was_read.set()
            raise ServiceError("GetItem", "ThrottlingException")

    world.downloads.before_call = throttle
    world.objects.after_call = lambda _operation: world.clock.sleep(2)
    world.copy_slice(0)
    assert was_read.is_set()
    assert uploaded_parts(world) == expected_parts(file, 0)


def test_origin_that_was_removed_from_the_stack_is_a_failure(world: World) -> None:
    start_upload(world)
    world.downloads.rows[ARN] = replace(world.row, origin="gone")
    world.copy_slice(0)
    assert world.row.failure is not None
    assert world.row.failure.code == "ORIGIN_ERROR"


def test_slice_waits_for_retry_after(world: World) -> None:
    file = start_upload(world)
    busy_answers = [FakeBody(503, {"retry-after": "17"})]
    world.origins.answer = lambda request: busy_answers.pop() if busy_answers else file.answer(request)
    world.copy_slice(0)
    assert world.clock.slept == [17.0]
    assert uploaded_parts(world) == expected_parts(file, 0)
