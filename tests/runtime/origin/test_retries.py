"""Waiting before another try, and when there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.backoff import pause
from runtime.errors import OriginBusyError, StorageError, TimedOutError
from runtime.logic.origin.retries import Deadline, Retries
from tests.runtime.support.fakes import FakeClock


def retries(clock: FakeClock, seconds: float = 800.0, attempts: int = 3) -> Retries:
    """Those of one transfer."""
    return Retries(clock, Deadline(clock, seconds), attempts=attempts)


def test_a_pause_doubles_up_to_a_bound() -> None:
    """Without jitter."""
    longest = [
        pause(attempt, base=0.5, maximum=8.0, jitter=lambda _minimum, maximum: maximum) for attempt in range(1, 8)
    ]
    assert longest == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


@given(st.integers(1, 40), st.floats(0.01, 10), st.floats(0.01, 60))
def test_a_pause_is_at_least_half_and_at_most_the_whole(attempt: int, base: float, most: float) -> None:
    """Many who fail together do not come back together."""
    whole = pause(attempt, base=base, maximum=most, jitter=lambda _minimum, maximum: maximum)
    assert whole / 2 <= pause(attempt, base=base, maximum=most) <= whole <= most


def test_pauses_differ() -> None:
    """By chance, not by number."""
    assert len({pause(3, base=1, maximum=8) for _ in range(20)}) > 1


def test_the_last_try_raises_what_went_wrong() -> None:
    """Backing off before the others."""
    clock, error = FakeClock(), StorageError("upload_part", "SlowDown")
    tries = retries(clock)
    tries.spend(error)
    tries.spend(error)
    with pytest.raises(StorageError):
        tries.spend(error)
    first, second = clock.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0


def test_progress_renews_the_tries_but_not_the_fresh_starts() -> None:
    """An origin that always cuts after a while may be resumed for ever, but not begun again for ever."""
    clock, error = FakeClock(), OriginBusyError("503")
    tries = retries(clock)
    for _ in range(5):
        tries.spend(error)
        tries.renew()
    tries.spend(error, restart=True)
    tries.renew()
    tries.spend(error, restart=True)
    tries.renew()
    with pytest.raises(OriginBusyError):
        tries.spend(error, restart=True)


@pytest.mark.parametrize(("wished", "waited"), [(20.0, [20.0]), (30.0, [30.0]), (31.0, []), (3600.0, [])])
def test_a_wish_to_be_left_alone_is_honoured_or_ends_it(wished: float, waited: list[float]) -> None:
    """Nobody waits for long in a function that is paid for."""
    clock, error = FakeClock(), OriginBusyError("503", retry_after=wished)
    if waited:
        retries(clock).spend(error)
    else:
        with pytest.raises(OriginBusyError):
            retries(clock).spend(error)
    assert clock.slept == waited


def test_nobody_waits_beyond_the_deadline() -> None:
    """What went wrong says more than that time is up."""
    clock = FakeClock()
    with pytest.raises(OriginBusyError):
        retries(clock, seconds=5.0).spend(OriginBusyError("503", retry_after=6.0))
    assert clock.slept == []


def test_a_deadline_that_has_passed_ends_everything() -> None:
    """With a failure of its own."""
    clock = FakeClock()
    deadline = Deadline(clock, 5.0)
    clock.sleep(4.0)
    assert deadline.remaining() == 1.0
    clock.sleep(1.0)
    with pytest.raises(TimedOutError):
        deadline.remaining()
