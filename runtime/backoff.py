"""Waiting before another try: exponential back-off with jitter."""

from __future__ import annotations

import random
from collections.abc import Callable

Jitter = Callable[[float, float], float]


def pause(attempt: int, *, base: float, most: float, jitter: Jitter = random.uniform) -> float:
    """Seconds to wait after attempt 1, 2, ...: between half and the whole of `base` doubled each time."""
    whole: float = min(most, base * 2.0 ** (attempt - 1))
    return jitter(whole / 2, whole)


def full_jitter(attempt: int, *, base: float, most: float, jitter: Jitter = random.uniform) -> float:
    """Return seconds to wait after attempt 1, 2, ...: anything up to `base` doubled each time, at most `most`.

    Many callers that meet one rate limit at the same moment come back spread over the whole time.
    """
    return jitter(0.0, min(most, base * 2.0 ** (attempt - 1)))
