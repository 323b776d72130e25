"""Progress: told beside the copy, rarely enough, and never at its cost."""

from __future__ import annotations

import json
import threading
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
from tests.runtime.support.fakes import Asked, FakeBody, Upload
from tests.runtime.support.slicing import start_upload, uploaded_parts
from tests.runtime.support.world import ARN, KEY, PART, OriginFile, World, content_of, cut

CONNECTIONS = frozenset({"c1", "c2"})
BETWEEN = 20.0  # more than the workers of four slices, or of one, take to pay for a message


def listening(world: World) -> None:
    """Two sockets wait, one of them has gone."""
    world.sockets.accept("c1")
    world.downloads.rows[ARN] = replace(world.row, connection_ids=CONNECTIONS)


def received(world: World) -> list[dict[str, object]]:
    """What the open socket was told."""
    return [json.loads(data) for data in world.sockets.received["c1"]]


def streamed(world: World, seconds: float, parts_: int = 90) -> None:
    """One worker copies; each read takes so long."""
    world.has()
    listening(world)
    world.serve(OriginFile(content_of(parts_ * PART), on_read=lambda: world.clock.sleep(seconds)))
    assert world.copy() == {"outcome": "STORED"}


def test_a_streaming_worker_tells_how_far_it_is(world: World) -> None:
    """Bytes, rate and estimate; a socket that has gone does no harm."""
    streamed(world, 0.5)
    told = received(world)
    assert told
    assert {message["type"] for message in told} == {"progress"}
    first = told[0]
    assert (first["size"], first["downloadId"]) == (90 * PART, world.row.download_id)
    copied, rate, left = first["copiedBytes"], first["bytesPerSecond"], first["secondsLeft"]
    assert isinstance(copied, int)
    assert isinstance(rate, int)
    assert isinstance(left, int)
    assert 0 < copied < 90 * PART
    assert abs(left - (90 * PART - copied) / rate) <= 1


def test_how_long_an_origin_took_to_begin_is_not_its_rate(world: World) -> None:
    """No estimate with the first bytes; then one from what has come since."""
    world.has()
    listening(world)
    slow = OriginFile(content_of(90 * PART), on_read=lambda: world.clock.sleep(0.5))

    def answer(asked: Asked) -> FakeBody:
        if "If-Match" not in asked.headers:
            world.clock.sleep(600)
        return slow(asked)

    world.origins.answer = answer
    assert world.copy() == {"outcome": "STORED"}
    first, *others = received(world)
    assert "secondsLeft" not in first
    assert others
    took = sum(world.clock.slept) - 600
    assert all(isinstance(told["secondsLeft"], int) and told["secondsLeft"] <= took for told in others)


@pytest.mark.parametrize("sockets", [0, 1, 2, 10])
@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0])
def test_telling_costs_at_most_a_hundredth_of_the_copy(world: World, sockets: int, seconds: float) -> None:
    """Rows and messages, however many listen and however slow the origin is."""
    world.has()
    ids = [f"c{number}" for number in range(sockets)]
    for one in ids:
        world.sockets.accept(one)
    world.downloads.rows[ARN] = replace(world.row, connection_ids=frozenset(ids))
    world.serve(OriginFile(content_of(90 * PART), on_read=lambda: world.clock.sleep(seconds)))
    assert world.copy() == {"outcome": "STORED"}
    told = sum(len(messages_) for messages_ in world.sockets.received.values())
    cost = told * progress_budget.MESSAGE + world.downloads.calls["progress"] * progress_budget.ROW_WRITE
    taken = sum(world.clock.slept)
    assert cost <= 0.01 * progress_budget.price_of_copy(taken, 90 * PART)
    assert seconds < 1 or world.downloads.calls["progress"] >= 1
    assert told <= sockets * taken  # never more than one a second each


def test_slices_that_begin_late_are_heard_of_soon(world: World) -> None:
    """However long the file was waited for before."""
    whole = plan.plan(300 * 10**6)
    version = Version(Validator("etag", '"v1"'), "text/csv")
    world.has(status=Status.COPYING, upload_id="upload-1", size=whole.size, version=version, created_at=0.0)
    listening(world)
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
def test_telling_of_slices_costs_at_most_a_hundredth_of_the_copy(
    world: World, sockets: int, size: int, seconds: float
) -> None:
    """Listings, rows and messages, of any number of workers."""
    whole = plan.plan(size * 10**6)
    workers = min(8, whole.slice_count)
    world.has(
        status=Status.COPYING,
        upload_id="upload-1",
        size=whole.size,
        version=Version(Validator("etag", '"v1"'), "text/csv"),
        connection_ids=frozenset(f"c{number}" for number in range(sockets)),
    )
    world.objects.uploads["upload-1"] = Upload(KEY, "text/csv", {}, {1: b"x"})
    told = 0
    for _ in range(int(seconds)):
        job = sliced(world.row, "downloads/", plan.plan, world.clock.now())
        assert job is not None
        watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job, 8)
        world.clock.sleep(CHECK_SECONDS)
        before = world.row.updated_at
        watch.check()
        watch.close()
        told += world.row.updated_at != before
    cost = told * (progress_budget.S3_WRITE + progress_budget.ROW_WRITE + sockets * progress_budget.MESSAGE)
    assert cost <= 0.01 * progress_budget.price_of_copy(seconds * workers, whole.size)
    assert told or sockets == 10 or (size, seconds) == (70, 5.0)


def test_what_things_cost_is_what_the_bill_says() -> None:
    """One list of prices is for benchmarks, in dollars, the other for a worker."""
    assert pytest.approx(bill.ITEM_WRITE * 1e6) == progress_budget.ROW_WRITE
    assert pytest.approx(bill.S3_WRITE * 1e6) == progress_budget.S3_WRITE
    assert pytest.approx(bill.GB_SECOND * 1.024 * 1e6, rel=0.01) == progress_budget.WORKER_SECOND
    assert pytest.approx(bill.MESSAGE * 1e6) == progress_budget.MESSAGE
    week_of_a_gigabyte = 0.023 / 30 * 7 * 1e6
    parts_of_a_gigabyte = 1e9 / plan.MIN_PART * progress_budget.S3_WRITE
    assert pytest.approx((week_of_a_gigabyte + parts_of_a_gigabyte) / 1000, rel=0.02) == progress_budget.MEGABYTE


def test_who_waits_for_a_slow_origin_is_copying_and_heard_by_a_cancel(world: World) -> None:
    """The row says COPYING before the first byte, and a cancel ends the wait."""
    world.has()
    listening(world)

    def answer(asked: Asked) -> FakeBody:
        asked.while_waiting()
        assert (world.row.status, world.row.copied_bytes) == (Status.COPYING, 0)
        asked.while_waiting()
        assert world.downloads.calls["progress"] == 1
        world.downloads.rows[ARN] = replace(world.row, status=Status.CANCELLED)
        asked.while_waiting()
        return pytest.fail("nobody wants it")

    world.origins.answer = answer
    assert is_failure("STOPPED", world.copy())
    assert received(world) == []


def test_slices_begin_with_nothing_however_long_their_origin_was_waited_for(world: World) -> None:
    """So that the first news of them is the first."""
    world.has()
    file = OriginFile(content_of(60 * PART))

    def answer(asked: Asked) -> FakeBody:
        asked.while_waiting()
        assert world.row.copied_bytes == 0
        return file(asked)

    world.origins.answer = answer
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    assert world.row.copied_bytes is None


def test_an_upload_of_an_earlier_try_is_not_another_workers(world: World) -> None:
    """It is dropped once the origin has answered; until then the row still names it."""
    world.has(status=Status.COPYING, upload_id="old", copied_bytes=7)
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    file = OriginFile(content_of(3 * PART))

    def answer(asked: Asked) -> FakeBody:
        asked.while_waiting()
        return file(asked)

    world.origins.answer = answer
    assert world.copy() == {"outcome": "STORED"}


def test_a_busy_table_does_not_end_the_wait_for_an_origin(world: World) -> None:
    """It is looked at again."""
    world.has()
    file = OriginFile(content_of(PART))

    def busy(operation: str) -> None:
        raise ServiceError(operation, "ThrottlingException")

    def answer(asked: Asked) -> FakeBody:
        world.downloads.before = busy
        asked.while_waiting()
        world.downloads.before = lambda _operation: None
        return file(asked)

    world.origins.answer = answer
    assert world.copy() == {"outcome": "STORED"}


def test_nobody_waiting_costs_nothing(world: World) -> None:
    """No message, no thread."""
    world.has()
    world.sockets.before = lambda _operation: pytest.fail("nobody is there")
    world.serve(OriginFile(content_of(20 * PART), on_read=lambda: world.clock.sleep(1)))
    assert world.copy() == {"outcome": "STORED"}
    assert world.downloads.calls["get"] >= 10


def test_sockets_that_fail_do_not_fail_the_copy(world: World) -> None:
    """The API is throttled."""

    def fail(_operation: str) -> None:
        raise ServiceError("PostToConnection", "LimitExceededException")

    world.sockets.before = fail
    streamed(world, 1)
    assert received(world) == []


def test_a_slow_socket_does_not_hold_the_copy_up(world: World) -> None:
    """What comes meanwhile is left out, and the end is not waited for."""
    release, entered = threading.Event(), []

    def hang(_operation: str) -> None:
        entered.append(1)
        release.wait(10)

    world.sockets.before = hang
    try:
        streamed(world, 1)
    finally:
        release.set()
    assert len(entered) <= len(CONNECTIONS)


def test_slices_tell_how_far_all_of_them_are(world: World) -> None:
    """Derived from what S3 holds, so that a worker that runs twice counts once."""
    file = start_upload(world, 60 * PART)
    listening(world)
    uploaded_parts(world).update({number: file.content[(number - 1) * PART : number * PART] for number in (1, 2, 30)})
    world.objects.after = lambda operation: world.clock.sleep(1.1) if operation == "upload_part" else None
    for _ in range(2):
        world.copy_slice(0, wide=True)
    told = [message["copiedBytes"] for message in received(world)]
    assert told
    assert told == sorted(told)  # type: ignore[type-var]
    assert all(isinstance(copied, int) and copied <= 60 * PART for copied in told)
    assert world.row.copied_bytes == told[-1]
    assert len(told) <= sum(world.clock.slept) / BETWEEN + 1


def test_how_long_slices_took_to_begin_is_not_their_rate(world: World) -> None:
    """No estimate with the first parts; then one from those that have come since."""
    file = start_upload(world, 60 * PART)
    listening(world)
    for seconds, number in ((600, 1), (BETWEEN, 2)):
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
    assert second["bytesPerSecond"] == round(PART / (BETWEEN + CHECK_SECONDS))


@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_listing_begins_behind_what_is_known_to_be_there(world: World, known: int) -> None:
    """One page reaches far beyond what is in flight, however large the file."""
    file = start_upload(world, 60 * PART)
    uploaded_parts(world).update(
        {number: file.content[(number - 1) * PART : number * PART] for number in (1, 2, 3, 30)}
    )
    world.downloads.rows[ARN] = replace(world.row, copied_parts=known)
    job = sliced(world.row, "downloads/", cut, world.clock.now())
    assert job is not None
    watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job, 8)
    watch.check()
    first = world.row.copied_bytes
    assert first is None
    world.clock.sleep(BETWEEN)
    watch.check()
    watch.close()
    assert (world.row.copied_bytes, world.row.copied_parts) == (4 * PART, 3)


def test_of_many_workers_one_tells(world: World) -> None:
    """Whoever read the older row has come too late."""
    start_upload(world)
    row = world.row
    said = {"copied": PART, "parts": 1, "upload_id": "upload-1", "now": world.clock.now() + 5}
    assert world.downloads.advance(ARN, seen_at=row.updated_at, **said) is not None  # type: ignore[arg-type]
    assert world.downloads.advance(ARN, seen_at=row.updated_at, **said) is None  # type: ignore[arg-type]


@given(st.integers(1, 40), st.sets(st.integers(1, 40)), st.integers(0, 40))
def test_bytes_are_counted_from_any_prefix_that_is_known(last: int, held: set[int], known: int) -> None:
    """The same sum as from a listing of everything."""
    whole = Plan(last * PART - 3, PART, 3)
    known = min(known, last)
    there = sorted({number for number in held if number <= last} | set(range(1, known + 1)))
    listed = [Part(number, "", whole.part(number).length, 0) for number in there if number > known]
    prefix, copied = count_parts(whole, known, listed)
    assert copied == sum(whole.part(number).length for number in there)
    assert set(range(1, prefix + 1)) <= set(there)
    assert prefix + 1 not in there


def test_a_rate_is_told_where_there_is_one(world: World) -> None:
    """Neither a division by nothing nor an estimate without a size."""
    world.has(status=Status.COPYING, copied_bytes=50)
    assert "bytesPerSecond" not in messages.progress(world.row)
    assert "bytesPerSecond" not in messages.progress(world.row, 0.0)
    assert "secondsLeft" not in messages.progress(world.row, 10.0)
    assert messages.progress(replace(world.row, size=71), 10.0)["secondsLeft"] == 3
    assert messages.progress(replace(world.row, size=40), 10.0)["secondsLeft"] == 0


def test_one_job_at_a_time_beside_the_work() -> None:
    """A second that comes meanwhile is left out."""
    beside, release, done = BackgroundTask(), threading.Event(), []

    def job() -> None:
        release.wait(10)
        done.append(1)

    assert beside.start(job)
    assert not beside.start(job)
    release.set()
    beside.close()
    assert done == [1]
