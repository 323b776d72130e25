"""Waiting before another attempt, and giving up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.backoff import pause
from runtime.errors import OriginBusyError, StorageError, TimedOutError
from runtime.logic.origin.retries import Deadline, Retries
from tests.runtime.support.fakes import FakeClock


def retries(clock: FakeClock, seconds: float = 800.0, attempts: int = 3) -> Retries:
    """Return the retries of a transfer."""
    return Retries(clock, Deadline(clock, seconds), attempts=attempts)


def test_pause_doubles_up_to_a_limit() -> None:
    longest = [
        pause(attempt, base=0.5, maximum=8.0, jitter=lambda _min, max_pause: max_pause) for attempt in range(1, 8)
    ]
    assert longest == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


@given(st.integers(1, 40), st.floats(0.01, 10), st.floats(0.01, 60))
def test_pause_is_between_half_and_the_whole(attempt: int, base: float, most: float) -> None:
    """Callers that fail together do not come back together."""
    without_jitter = pause(attempt, base=base, maximum=most, jitter=lambda _min, max_pause: max_pause)
    assert without_jitter / 2 <= pause(attempt, base=base, maximum=most) <= without_jitter <= most


def test_pauses_differ() -> None:
    assert len({pause(3, base=1, maximum=8) for _ in range(20)}) > 1


def test_last_attempt_raises_the_error() -> None:
    clock, error = FakeClock(), StorageError("upload_part", "SlowDown")
    attempts_left = retries(clock)
    attempts_left.spend(error)
    attempts_left.spend(error)
    with pytest.raises(StorageError):
        attempts_left.spend(error)
    first, second = clock.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0


def test_progress_renews_attempts_but_not_restarts() -> None:
    """An origin that cuts after a while may be resumed without end, but not restarted without end."""
    clock, error = FakeClock(), OriginBusyError("503")
    attempts_left = retries(clock)
    for _ in range(5):
        attempts_left.spend(error)
        attempts_left.renew()
    attempts_left.spend(error, restart=True)
    attempts_left.renew()
    attempts_left.spend(error, restart=True)
    attempts_left.renew()
    with pytest.raises(OriginBusyError):
        attempts_left.spend(error, restart=True)


@pytest.mark.parametrize(("retry_after", "slept"), [(20.0, [20.0]), (30.0, [30.0]), (31.0, []), (3600.0, [])])
def test_retry_after_is_honoured_up_to_30_seconds(retry_after: float, slept: list[float]) -> None:
    clock, error = FakeClock(), OriginBusyError("503", retry_after=retry_after)
    if slept:
        retries(clock).spend(error)
    else:
        with pytest.raises(OriginBusyError):
            retries(clock).spend(error)
    assert clock.slept == slept


def test_wait_beyond_the_deadline_raises_the_error() -> None:
    clock = FakeClock()
    with pytest.raises(OriginBusyError):
        retries(clock, seconds=5.0).spend(OriginBusyError("503", retry_after=6.0))
    assert clock.slept == []


def test_passed_deadline_raises_timed_out() -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 5.0)
    clock.sleep(4.0)
    assert deadline.remaining() == 1.0
    clock.sleep(1.0)
    with pytest.raises(TimedOutError):
        deadline.remaining()
