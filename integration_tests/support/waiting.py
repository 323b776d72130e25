"""Waiting for the stack, which does most of its work behind our back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class NeverCameError(AssertionError):
    """What was waited for did not happen; says what was seen last."""


def wait_for(probe: Callable[[], T], deadline: float, *, until: Callable[[T], object] = bool) -> T:
    """Look again and again until what is seen satisfies `until`; the answer is what was seen.

    Args:
        probe: looks; its exceptions end the waiting.
        deadline: seconds.
        until: by default, anything true.

    Raises:
        NeverCameError: with the last observation.
    """
    end = time.monotonic() + deadline
    pause = 0.01
    while True:
        seen = probe()
        if until(seen):
            return seen
        left = end - time.monotonic()
        if left <= 0:
            raise NeverCameError(f"Not within {deadline:g} s; seen last: {seen!r}")
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)


def gone(seen: object) -> bool:
    """An `until` for what has to disappear."""
    return not seen
