"""The schedule of injected faults: a small rate of each kind at all times, and intervals in which one kind is frequent.

It is drawn from a seed, so that two runs with the same seed and duration inject the same faults at the same times,
as far as the same calls are made then.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

KILL = "function killed"
THROTTLE = "function throttled"
SLOW = "function slow"
TABLE_THROTTLED = "DynamoDB throttled"
TABLE_ERROR = "DynamoDB 500"
TABLE_CONFLICT = "DynamoDB transaction conflict"
TABLE_RESPONSE_LOST = "DynamoDB response lost"
STORE_THROTTLED = "S3 503"
STORE_ERROR = "S3 500"
STORE_RESPONSE_LOST = "S3 response lost"
STORE_BODY_CUT = "S3 body cut"
PUSH_THROTTLED = "push throttled"
PUSH_ERROR = "push 500"
START_THROTTLED = "StartExecution throttled"
START_RESPONSE_LOST = "StartExecution response lost"
INVOKE_THROTTLED = "asynchronous Invoke throttled"
ROLE_THROTTLED = "AssumeRole throttled"
SOCKET_CLOSED = "socket closed by the server"
SOCKET_MUTE = "socket mute, then closed"
DISCONNECT_LOST = "$disconnect lost"


@dataclass(frozen=True)
class Rates:
    """The probability of a fault for each call that it can hit: at all times, and in its intervals."""

    always: float
    interval: float


RATES: Mapping[str, Rates] = MappingProxyType(
    {
        KILL: Rates(0.01, 0.4),
        THROTTLE: Rates(0.01, 0.6),
        SLOW: Rates(0.02, 0.5),
        TABLE_THROTTLED: Rates(0.01, 0.7),
        TABLE_ERROR: Rates(0.01, 0.7),
        TABLE_CONFLICT: Rates(0.02, 0.7),
        TABLE_RESPONSE_LOST: Rates(0.01, 0.5),
        STORE_THROTTLED: Rates(0.02, 0.7),
        STORE_ERROR: Rates(0.02, 0.7),
        STORE_RESPONSE_LOST: Rates(0.02, 0.5),
        STORE_BODY_CUT: Rates(0.02, 0.5),
        PUSH_THROTTLED: Rates(0.02, 0.8),
        PUSH_ERROR: Rates(0.02, 0.8),
        START_THROTTLED: Rates(0.02, 0.7),
        START_RESPONSE_LOST: Rates(0.02, 0.7),
        INVOKE_THROTTLED: Rates(0.02, 0.8),
        ROLE_THROTTLED: Rates(0.05, 0.8),
        SOCKET_CLOSED: Rates(0.05, 0.8),
        SOCKET_MUTE: Rates(0.05, 0.8),
        DISCONNECT_LOST: Rates(0.05, 0.9),
    }
)
KINDS = tuple(RATES)
_INTERVAL_SECONDS = (2.0, 6.0)
_LONGEST_SHARE = 0.1  # of the duration, so that a short run has the intervals of every kind


@dataclass(frozen=True)
class Interval:
    """Seconds since the start of the run in which a kind is frequent."""

    kind: str
    begin: float
    end: float


class Schedule:
    """The probabilities of each kind at each time of a run of `seconds`."""

    def __init__(self, seed: int, seconds: float) -> None:
        generator = random.Random(seed)
        longest = min(_INTERVAL_SECONDS[1], seconds * _LONGEST_SHARE)
        shortest = min(_INTERVAL_SECONDS[0], longest)
        rounds = max(1, int(seconds / (len(KINDS) * _INTERVAL_SECONDS[1])))
        kinds = [kind for _ in range(rounds) for kind in generator.sample(KINDS, len(KINDS))]
        step = seconds / len(kinds)
        self.seconds = seconds
        self.intervals = tuple(
            Interval(kind, number * step, min(number * step + generator.uniform(shortest, longest), seconds))
            for number, kind in enumerate(kinds)
        )

    def rate(self, kind: str, second: float) -> float:
        """Return the probability of a fault; 0 before the start and after the end."""
        if not 0 <= second < self.seconds:
            return 0.0
        frequent = any(each.kind == kind and each.begin <= second < each.end for each in self.intervals)
        return RATES[kind].interval if frequent else RATES[kind].always
