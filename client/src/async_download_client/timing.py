"""How long to wait for what; the defaults suit API Gateway and S3."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True)
class Timing:
    """All in seconds.

    A stack may give up a message when API Gateway throttles it, so the client asks for the status of the download
    after `check_after` seconds of silence on an open socket, then after twice as long each time, up to `keep_alive`,
    which is also far below the 10 minutes after which API Gateway closes a silent socket. Where sockets do not get
    through it polls, and tries a socket again after `socket_again`. What fails is tried `attempts`
    times at least, and given up when nothing at all has been heard or received for `outage`.
    """

    attempts: int = 5
    retry_first: float = 0.5
    retry_longest: float = 20.0
    socket_attempts: int = 3
    check_after: float = 5.0
    keep_alive: float = 60.0
    answer_within: float = 30.0
    poll_first: float = 1.0
    poll_longest: float = 10.0
    socket_again: float = 300.0
    outage: float = 120.0

    def retry(self, failures: int) -> float:
        """How long to wait after so many failures in a row (1, 2, ...): doubling, with jitter."""
        return _jitter(min(self.retry_first * 2.0 ** (failures - 1), self.retry_longest))

    def check(self, asked: int) -> float:
        """Return the seconds of silence until the status is asked for, when it was asked for so often (0, 1, ...)."""
        return _jitter(min(self.check_after * 2.0 ** min(asked, _DOUBLINGS), self.keep_alive))

    def poll(self, polls: int) -> float:
        """How long to wait after so many polls (1, 2, ...)."""
        return _jitter(min(self.poll_first * 1.5 ** (polls - 1), self.poll_longest))


_DOUBLINGS = 30  # a wait may last for days, and a float holds no more than 1023


def _jitter(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, keeps no secret
