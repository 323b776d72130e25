"""How long to wait for what; the defaults suit API Gateway and S3."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True)
class Timing:
    """All in seconds.

    API Gateway closes a socket after 10 minutes of silence, hence `keep_alive`. News may be lost between a stack
    and a client, so `check_after` so long on an open socket the client asks by itself. Where sockets do not get through
    it polls, and tries a socket again after `socket_again`. What fails is tried `attempts`
    times at least, and given up when nothing at all has been heard or received for `outage`.
    """

    attempts: int = 5
    retry_first: float = 0.5
    retry_longest: float = 20.0
    socket_attempts: int = 3
    check_after: float = 20.0
    keep_alive: float = 300.0
    answer_within: float = 30.0
    poll_first: float = 1.0
    poll_longest: float = 10.0
    socket_again: float = 300.0
    outage: float = 120.0

    def retry(self, failures: int) -> float:
        """How long to wait after so many failures in a row (1, 2, ...): doubling, with jitter."""
        return _jitter(min(self.retry_first * 2.0 ** (failures - 1), self.retry_longest))

    def poll(self, polls: int) -> float:
        """How long to wait after so many polls (1, 2, ...)."""
        return _jitter(min(self.poll_first * 1.5 ** (polls - 1), self.poll_longest))


def _jitter(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, keeps no secret
