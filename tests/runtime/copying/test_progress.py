"""Progress messages: sent beside the copy, rarely enough, and never at its cost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import prices as bill
from runtime.errors import ServiceError
from runtime.logic.copying import plan, progress_budget
from runtime.logic.copying.plan import Plan
from runtime.logic.copying.progress import CHECK_SECONDS, BackgroundTask
from runtime.logic.slices.sliced import sliced
from runtime.logic.slices.watch import Watch, count_parts
from runtime.logic.sockets import messages
from runtime.models import Status, Validator, Version
from runtime.ports import Part
from tests.runtime.support.copying import is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest, Upload
from tests.runtime.support.fakes.hooks import fail_at
from tests.runtime.support.slicing import start_upload, uploaded_parts
from tests.runtime.support.world import ARN, KEY, PART, OriginFile, World, content_of, cut

CONNECTIONS = frozenset({"c1", "c2"})
MESSAGE_SECONDS = 20.0  # more than the workers of four slices, or of one, need to pay for a message


def connect_two(world: World) -> None:
    """Connect two sockets, one of which is gone."""
    world.sockets.accept("c1")
    world.downloads.rows[ARN] = replace(world.row, connection_ids=CONNECTIONS)


def received(world: World) -> list[dict[str, object]]:
    """Return the messages that the open socket received."""
    return [json.loads(data) for data in world.sockets.received["c1"]]


def copy_streamed(world: World, seconds: float, part_count: int = 90) -> None:
    """Copy with one worker; each read takes `seconds`."""
    world.put_download()
    connect_two(world)
    world.serve(OriginFile(content_of(part_count * PART), on_read=lambda: world.clock.sleep(seconds)))
    assert world.copy() == {"outcome": "STORED"}


def test_streaming_worker_sends_bytes_rate_and_estimate(world: World) -> None:
    """A socket that is gone does no harm."""
    copy_streamed(world, 0.5)
    progress = received(world)
    assert progress
    assert {message["type"] for message in progress} == {"progress"}
    first = progress[0]
    assert (first["size"], first["downloadId"]) == (90 * PART, world.row.download_id)
    copied, rate, seconds_left = first["copiedBytes"], first["bytesPerSecond"], first["secondsLeft"]
    assert isinstance(copied, int)
    assert isinstance(rate, int)
    assert isinstance(seconds_left, int)
    assert 0 < copied < 90 * PART
    assert abs(seconds_left - (90 * PART - copied) / rate) <= 1


@pytest.fixture
def wait_for_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy goes on when a message is sent: on the fake clock it would end while the first one is."""
    start = BackgroundTask.start

    def start_and_wait(task: BackgroundTask, job: Callable[[], None]) -> bool:
        is_started = start(task, job)
        assert task._last
        wait([task._last], timeout=10)
        return is_started

    monkeypatch.setattr(BackgroundTask, "start", start_and_wait)


@pytest.mark.usefixtures("wait_for_messages")
def test_time_to_the_first_byte_is_not_part_of_the_rate(world: World) -> None:
    """There is no estimate before the first bytes; afterwards it counts from them."""
    world.put_download()
    connect_two(world)
    slow = OriginFile(content_of(90 * PART), on_read=lambda: world.clock.sleep(0.5))

    def answer_late(request: OriginRequest) -> FakeBody:
        if "If-Match" not in request.headers:
            world.clock.sleep(600)
        return slow.answer(request)

    world.origins.answer = answer_late
    assert world.copy() == {"outcome": "STORED"}
    first, *later = received(world)
    assert "secondsLeft" not in first
    assert later
    took = sum(world.clock.slept) - 600
    assert all(isinstance(message["secondsLeft"], int) and message["secondsLeft"] <= took for message in later)


@pytest.mark.parametrize("sockets", [0, 1, 2, 10])
@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0])
def test_progress_of_a_stream_costs_at_most_1_percent_of_the_copy(world: World, sockets: int, seconds: float) -> None:
    world.put_download()
    ids = [f"c{number}" for number in range(sockets)]
    for connection_id in ids:
        world.sockets.accept(connection_id)
    world.downloads.rows[ARN] = replace(world.row, connection_ids=frozenset(ids))
    world.serve(OriginFile(content_of(90 * PART), on_read=lambda: world.clock.sleep(seconds)))
    assert world.copy() == {"outcome": "STORED"}
    message_count = sum(len(received_messages) for received_messages in world.sockets.received.values())
    cost = message_count * progress_budget.MESSAGE + world.downloads.calls["progress"] * progress_budget.ROW_WRITE
    seconds_taken = sum(world.clock.slept)
    assert cost <= 0.01 * progress_budget.price_of_copy(seconds_taken, 90 * PART)
    assert seconds < 1 or world.downloads.calls["progress"] >= 1
    assert message_count <= sockets * seconds_taken  # never more than one a second each


def test_slices_that_begin_late_send_progress_soon(world: World) -> None:
    file_plan = plan.plan(300 * 10**6)
    version = Version(Validator("etag", '"v1"'), "text/csv")
    world.put_download(
        status=Status.COPYING, upload_id="upload-1", size=file_plan.size, version=version, created_at=0.0
    )
    connect_two(world)
    world.objects.uploads["upload-1"] = Upload(KEY, "text/csv", {}, {1: b"x"})
    job = sliced(world.row, "downloads/", plan.plan, world.clock.now())
    assert job is not None
    watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job, 8)
    world.clock.sleep(CHECK_SECONDS)
    watch.check()
    watch.close()
    assert len(received(world)) == 1


@pytest.mark.parametrize("sockets", [0, 1, 10])
@pytest.mark.parametrize(("size", "seconds"), [(70, 5.0), (70, 120.0), (300, 60.0), (1000, 20.0), (1000, 600.0)])
def test_progress_of_slices_costs_at_most_1_percent_of_the_copy(
    world: World, sockets: int, size: int, seconds: float
) -> None:
    file_plan = plan.plan(size * 10**6)
    workers = min(8, file_plan.slice_count)
    world.put_download(
        status=Status.COPYING,
        upload_id="upload-1",
        size=file_plan.size,
        version=Version(Validator("etag", '"v1"'), "text/csv"),
        connection_ids=frozenset(f"c{number}" for number in range(sockets)),
    )
    world.objects.uploads["upload-1"] = Upload(KEY, "text/csv", {}, {1: b"x"})
    rounds = 0
    for _ in range(int(seconds)):
        job = sliced(world.row, "downloads/", plan.plan, world.clock.now())
        assert job is not None
        watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job, 8)
        world.clock.sleep(CHECK_SECONDS)
        updated_at = world.row.updated_at
        watch.check()
        watch.close()
        rounds += world.row.updated_at != updated_at
    cost = rounds * (progress_budget.S3_WRITE + progress_budget.ROW_WRITE + sockets * progress_budget.MESSAGE)
    assert cost <= 0.01 * progress_budget.price_of_copy(seconds * workers, file_plan.size)
    assert rounds or sockets == 10 or (size, seconds) == (70, 5.0)


def test_prices_of_the_runtime_equal_those_of_the_benchmarks() -> None:
    assert pytest.approx(bill.ITEM_WRITE * 1e6) == progress_budget.ROW_WRITE
    assert pytest.approx(bill.S3_WRITE * 1e6) == progress_budget.S3_WRITE
    assert pytest.approx(bill.GB_SECOND * 1.024 * 1e6, rel=0.01) == progress_budget.WORKER_SECOND
    assert pytest.approx(bill.MESSAGE * 1e6) == progress_budget.MESSAGE
    week_of_a_gigabyte = 0.023 / 30 * 7 * 1e6
    parts_of_a_gigabyte = 1e9 / plan.MIN_PART * progress_budget.S3_WRITE
    assert pytest.approx((week_of_a_gigabyte + parts_of_a_gigabyte) / 1000, rel=0.02) == progress_budget.MEGABYTE


def test_waiting_for_a_slow_origin_shows_copying_and_ends_at_a_cancel(world: World) -> None:
    world.put_download()
    connect_two(world)

    def answer(request: OriginRequest) -> FakeBody:
        request.while_waiting()
        assert (world.row.status, world.row.copied_bytes) == (Status.COPYING, 0)
        request.while_waiting()
        assert world.downloads.calls["progress"] == 1
        world.downloads.rows[ARN] = replace(world.row, status=Status.CANCELLED)
        request.while_waiting()
        return pytest.fail("nobody wants it")

    world.origins.answer = answer
    assert is_failure("STOPPED", world.copy())
    assert received(world) == []


def test_planned_slices_begin_without_copied_bytes_after_a_long_wait(world: World) -> None:
    """Otherwise the first progress message of the slices would be skipped."""
    world.put_download()
    file = OriginFile(content_of(60 * PART))

    def answer(request: OriginRequest) -> FakeBody:
        request.while_waiting()
        assert world.row.copied_bytes == 0
        return file.answer(request)

    world.origins.answer = answer
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    assert world.row.copied_bytes is None


def test_upload_of_an_earlier_attempt_does_not_stop_the_worker(world: World) -> None:
    """The upload stays in the row until the origin has answered."""
    world.put_download(status=Status.COPYING, upload_id="old", copied_bytes=7)
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    file = OriginFile(content_of(3 * PART))

    def answer(request: OriginRequest) -> FakeBody:
        request.while_waiting()
        return file.answer(request)

    world.origins.answer = answer
    assert world.copy() == {"outcome": "STORED"}


def test_throttled_table_does_not_end_the_wait_for_an_origin(world: World) -> None:
    world.put_download()
    file = OriginFile(content_of(PART))

    def busy(operation: str) -> None:
        raise ServiceError(operation, "ThrottlingException")

    def answer(request: OriginRequest) -> FakeBody:
        world.downloads.before_call = busy
        request.while_waiting()
        world.downloads.before_call = lambda _operation: None
        return file.answer(request)

    world.origins.answer = answer
    assert world.copy() == {"outcome": "STORED"}


def test_no_message_is_sent_without_connections(world: World) -> None:
    world.put_download()
    world.sockets.before_call = lambda _operation: pytest.fail("nobody is there")
    world.serve(OriginFile(content_of(20 * PART), on_read=lambda: world.clock.sleep(1)))
    assert world.copy() == {"outcome": "STORED"}
    assert world.downloads.calls["get"] >= 10


def test_failing_sockets_do_not_fail_the_copy(world: World) -> None:
    world.sockets.before_call = fail_at("sockets.post", ServiceError("PostToConnection", "LimitExceededException"))
    copy_streamed(world, 1)
    assert received(world) == []


def test_slow_socket_does_not_slow_down_the_copy(world: World) -> None:
    release, calls = threading.Event(), []

    def block(_operation: str) -> None:
        calls.append(1)
        release.wait(10)

    world.sockets.before_call = block
    try:
        copy_streamed(world, 1)
    finally:
        release.set()
    assert len(calls) <= len(CONNECTIONS)


def test_slices_report_the_bytes_that_s3_holds(world: World) -> None:
    """A worker that runs twice counts once."""
    file = start_upload(world, 60 * PART)
    connect_two(world)
    uploaded_parts(world).update({number: file.content[(number - 1) * PART : number * PART] for number in (1, 2, 30)})
    world.objects.after_call = lambda operation: world.clock.sleep(1.1) if operation == "upload_part" else None
    for _ in range(2):
        world.copy_slice(0, wide=True)
    copied_bytes = [message["copiedBytes"] for message in received(world)]
    assert copied_bytes
    assert copied_bytes == sorted(copied_bytes)  # type: ignore[type-var]
    assert all(isinstance(size, int) and size <= 60 * PART for size in copied_bytes)
    assert world.row.copied_bytes == copied_bytes[-1]
    assert len(copied_bytes) <= sum(world.clock.slept) / MESSAGE_SECONDS + 1


def test_time_until_slices_begin_is_not_part_of_their_rate(world: World) -> None:
    file = start_upload(world, 60 * PART)
    connect_two(world)
    for seconds, number in ((600, 1), (MESSAGE_SECONDS, 2)):
        world.clock.sleep(seconds)
        uploaded_parts(world)[number] = file.content[(number - 1) * PART : number * PART]
        job = sliced(world.row, "downloads/", cut, world.clock.now())
        assert job is not None
        watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job, 8)
        world.clock.sleep(CHECK_SECONDS)
        watch.check()
        watch.close()
    first, second = received(world)
    assert "bytesPerSecond" not in first
    assert second["bytesPerSecond"] == round(PART / (MESSAGE_SECONDS + CHECK_SECONDS))


@pytest.mark.parametrize("counted_parts", [0, 1, 2])
def test_listing_begins_after_the_parts_that_are_count_parts(world: World, counted_parts: int) -> None:
    """One page reaches far beyond the parts in flight, however large the file."""
    file = start_upload(world, 60 * PART)
    uploaded_parts(world).update(
        {number: file.content[(number - 1) * PART : number * PART] for number in (1, 2, 3, 30)}
    )
    world.downloads.rows[ARN] = replace(world.row, copied_parts=counted_parts)
    job = sliced(world.row, "downloads/", cut, world.clock.now())
    assert job is not None
    watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job, 8)
    watch.check()
    first = world.row.copied_bytes
    assert first is None
    world.clock.sleep(MESSAGE_SECONDS)
    watch.check()
    watch.close()
    assert (world.row.copied_bytes, world.row.copied_parts) == (4 * PART, 3)


def test_only_one_of_two_workers_that_read_the_same_row_advances_it(world: World) -> None:
    start_upload(world)
    row = world.row
    changes = {"copied": PART, "parts": 1, "upload_id": "upload-1", "now": world.clock.now() + 5}
    assert world.downloads.advance(ARN, seen_at=row.updated_at, **changes) is not None  # type: ignore[arg-type]
    assert world.downloads.advance(ARN, seen_at=row.updated_at, **changes) is None  # type: ignore[arg-type]


@given(st.integers(1, 40), st.sets(st.integers(1, 40)), st.integers(0, 40))
def test_bytes_are_counted_from_any_known_prefix(last: int, stored_numbers: set[int], prefix_parts: int) -> None:
    """The sum is the same as from a listing of all parts."""
    file_plan = Plan(last * PART - 3, PART, 3)
    prefix_parts = min(prefix_parts, last)
    all_numbers = sorted({number for number in stored_numbers if number <= last} | set(range(1, prefix_parts + 1)))
    listed = [Part(number, "", file_plan.part(number).length, 0) for number in all_numbers if number > prefix_parts]
    prefix, copied = count_parts(file_plan, prefix_parts, listed)
    assert copied == sum(file_plan.part(number).length for number in all_numbers)
    assert set(range(1, prefix + 1)) <= set(all_numbers)
    assert prefix + 1 not in all_numbers


def test_rate_and_estimate_are_left_out_if_unknown(world: World) -> None:
    world.put_download(status=Status.COPYING, copied_bytes=50)
    assert "bytesPerSecond" not in messages.progress(world.row)
    assert "bytesPerSecond" not in messages.progress(world.row, 0.0)
    assert "secondsLeft" not in messages.progress(world.row, 10.0)
    assert messages.progress(replace(world.row, size=71), 10.0)["secondsLeft"] == 3
    assert messages.progress(replace(world.row, size=40), 10.0)["secondsLeft"] == 0


def test_background_task_refuses_a_second_job_until_the_first_ends() -> None:
    background, release, done = BackgroundTask(), threading.Event(), []

    def job() -> None:
        release.wait(10)
        done.append(1)

    assert background.start(job)
    assert not background.start(job)
    release.set()
    background.close()
    assert done == [1]
