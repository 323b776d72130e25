"""Lanes: several parts at once with reused buffers, and one lane for a slow origin."""

from __future__ import annotations

import threading

import pytest

from runtime.errors import ServiceError
from runtime.logic.copying.plan import Range
from runtime.logic.slices.lanes import SLOW_SECONDS, GaveWayError, Lanes
from tests.runtime.support.fakes import FakeClock


def test_lanes_reuse_one_buffer_each() -> None:
    buffers: dict[int, set[int]] = {}

    def work(part: Range, buffer: bytearray, check_cancelled: object) -> None:
        assert callable(check_cancelled)
        assert len(buffer) == part.length
        buffers.setdefault(threading.get_ident(), set()).add(id(buffer))

    Lanes(FakeClock(), [Range(number, 0, 99) for number in range(50)], work).run()
    assert 1 <= len(buffers) <= 5
    assert all(len(used) == 1 for used in buffers.values())


def test_slow_origin_gets_one_lane() -> None:
    """Four parts that all time out are worth less than one that ends in time."""
    clock, all_in, given_back = FakeClock(), threading.Barrier(4, timeout=10), threading.Semaphore(0)
    stored: list[int] = []
    attempts: list[int] = []

    def work(part: Range, _buffer: bytearray, check_cancelled: object) -> None:
        assert callable(check_cancelled)
        attempts.append(part.number)
        is_early = clock.time < FakeClock().time + SLOW_SECONDS
        if is_early and all_in.wait() == 0:
            clock.time += SLOW_SECONDS + 1
        if is_early:
            all_in.wait()
        try:
            check_cancelled()
        except GaveWayError:
            given_back.release()
            raise
        if is_early:
            assert all(given_back.acquire(timeout=10) for _ in range(3))  # before anything is stored
        stored.append(part.number)

    Lanes(clock, [Range(number, 0, 9) for number in range(8)], work).run()
    assert sorted(stored) == list(range(8))
    assert len(attempts) == 8 + 3


def test_first_failure_ends_all_lanes() -> None:
    finished: list[int] = []

    def work(part: Range, _buffer: bytearray, check_cancelled: object) -> None:
        assert callable(check_cancelled)
        if part.number == 0:
            raise ServiceError("UploadPart", "SlowDown")
        for _ in range(3):
            check_cancelled()
        finished.append(part.number)

    with pytest.raises(ServiceError):
        Lanes(FakeClock(), [Range(number, 0, 9) for number in range(1000)], work).run()
    assert len(finished) < 1000
