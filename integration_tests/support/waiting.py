"""Poll for a condition until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class WaitTimeoutError(AssertionError):
    """The condition did not become true in time; the message has the last value."""


def wait_for(probe: Callable[[], T], deadline: float, *, until: Callable[[T], object] = bool) -> T:
    """Call `probe` until its value satisfies `until`, and return that value.

    Args:
        probe: returns the current value; its exceptions end the wait.
        deadline: in seconds.
        until: by default, any true value.

    Raises:
        WaitTimeoutError: with the last value.
    """
    end = time.monotonic() + deadline
    pause = 0.01
    while True:
        value = probe()
        if until(value):
            return value
        seconds_left = end - time.monotonic()
        if seconds_left <= 0:
            raise WaitTimeoutError(f"Not within {deadline:g} s; last value: {value!r}")
        time.sleep(min(pause, seconds_left))
        pause = min(pause * 1.5, 0.1)


def is_absent(value: object) -> bool:
    """Return True for False, None and empty collections: the `until` of what has to disappear."""
    return not value
