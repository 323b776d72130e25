"""Progress: told beside the copy, rarely enough, and never at its cost."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import ServiceError
from runtime.logic import messages
from runtime.logic.plan import Plan
from runtime.logic.progress import Beside
from runtime.logic.sliced import sliced
from runtime.logic.watch import LOOK_SECONDS, TELL_SECONDS, Watch, counted
from runtime.models import Status
from runtime.ports import Part
from tests.runtime.fakes import Asked, FakeBody
from tests.runtime.slicing import parts, planned
from tests.runtime.world import ARN, PART, OriginFile, World, content_of, cut

CONNECTIONS = frozenset({"c1", "c2"})


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


def test_messages_are_further_apart_the_more_sockets_there_are(world: World) -> None:
    """Together they cost about the same: at most one in three seconds for each socket."""
    streamed(world, 0.5)
    seconds = sum(world.clock.slept)
    assert world.row.status is Status.READY
    assert len(received(world)) <= seconds / 6 + 1


def test_nobody_waiting_costs_nothing(world: World) -> None:
    """No message, no thread."""
    world.has()
    world.sockets.before = lambda _operation: pytest.fail("nobody is there")
    world.serve(OriginFile(content_of(20 * PART), on_read=lambda: world.clock.sleep(1)))
    assert world.copy() == {"outcome": "STORED"}
    assert world.downloads.calls["progress"] >= 10


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
    file = planned(world, 60 * PART)
    listening(world)
    parts(world).update({number: file.content[(number - 1) * PART : number * PART] for number in (1, 2, 30)})
    world.objects.after = lambda operation: world.clock.sleep(1.1) if operation == "upload_part" else None
    for _ in range(2):
        world.copy_slice(0, wide=True)
    told = [message["copiedBytes"] for message in received(world)]
    assert told
    assert told == sorted(told)  # type: ignore[type-var]
    assert all(isinstance(copied, int) and copied <= 60 * PART for copied in told)
    assert world.row.copied_bytes == told[-1]
    assert len(told) <= sum(world.clock.slept) / TELL_SECONDS + 1


def test_how_long_slices_took_to_begin_is_not_their_rate(world: World) -> None:
    """No estimate with the first parts; then one from those that have come since."""
    file = planned(world, 60 * PART)
    listening(world)
    for seconds, number in ((600, 1), (TELL_SECONDS, 2)):
        world.clock.sleep(seconds)
        parts(world)[number] = file.content[(number - 1) * PART : number * PART]
        job = sliced(world.row, "downloads/", cut, world.clock.now())
        assert job is not None
        watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job)
        world.clock.sleep(LOOK_SECONDS)
        watch()
        watch.close()
    first, second = received(world)
    assert "bytesPerSecond" not in first
    assert second["bytesPerSecond"] == round(PART / (TELL_SECONDS + LOOK_SECONDS))


@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_listing_begins_behind_what_is_known_to_be_there(world: World, known: int) -> None:
    """One page reaches far beyond what is in flight, however large the file."""
    file = planned(world, 60 * PART)
    parts(world).update({number: file.content[(number - 1) * PART : number * PART] for number in (1, 2, 3, 30)})
    world.downloads.rows[ARN] = replace(world.row, copied_parts=known)
    job = sliced(world.row, "downloads/", cut, world.clock.now())
    assert job is not None
    watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job)
    watch()
    first = world.row.copied_bytes
    assert first is None
    world.clock.sleep(1)
    watch()
    watch.close()
    assert (world.row.copied_bytes, world.row.copied_parts) == (4 * PART, 3)


def test_of_many_workers_one_tells(world: World) -> None:
    """Whoever read the older row has come too late."""
    planned(world)
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
    prefix, copied = counted(whole, known, listed)
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
    beside, release, done = Beside(), threading.Event(), []

    def job() -> None:
        release.wait(10)
        done.append(1)

    assert beside(job)
    assert not beside(job)
    release.set()
    beside.close()
    assert done == [1]
