"""Waits between attempts: exponential back-off with jitter."""

from __future__ import annotations

import random
from collections.abc import Callable

Jitter = Callable[[float, float], float]


def pause(attempt: int, *, base: float, maximum: float, jitter: Jitter = random.uniform) -> float:  # noqa: S311 - no secret
    """Return the seconds to wait after attempt 1, 2, ...: between half and all of `base` doubled each time."""
    seconds: float = min(maximum, base * 2.0 ** (attempt - 1))
    return jitter(seconds / 2, seconds)


def full_jitter(attempt: int, *, base: float, maximum: float, jitter: Jitter = random.uniform) -> float:  # noqa: S311 - no secret
    """Return the seconds to wait after attempt 1, 2, ...: anything up to `base` doubled each time.

    Many callers that meet one rate limit at the same moment come back spread over the whole time.
    """
    return jitter(0.0, min(maximum, base * 2.0 ** (attempt - 1)))
