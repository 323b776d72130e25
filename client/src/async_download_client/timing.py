"""Delays, time-outs and numbers of attempts; the defaults suit API Gateway and S3."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Delays and time-outs, in seconds.

    A stack may give up a message when API Gateway throttles it. The client therefore asks for the download's status
    after `first_status_delay` seconds of silence on an open socket, then after twice as long each time, up to
    `max_status_delay`, which also keeps API Gateway from closing a socket that was silent for 10 minutes; a socket
    without a reply for `answer_timeout` is replaced. Where no WebSocket can be opened in `socket_attempts`, the client
    polls and tries a socket again every `socket_retry_delay`. A failing request is tried at least `attempts` times,
    and given up when nothing was received for `max_outage`, from the first call on.
    """

    attempts: int = 5
    first_retry_delay: float = 0.5
    max_retry_delay: float = 20.0
    socket_attempts: int = 3
    first_status_delay: float = 5.0
    max_status_delay: float = 60.0
    answer_timeout: float = 30.0
    first_poll_delay: float = 1.0
    max_poll_delay: float = 10.0
    socket_retry_delay: float = 300.0
    max_outage: float = 120.0

    def retry_delay(self, failures: int) -> float:
        """Return the seconds to wait after the 1st, 2nd, ... failure in a row: doubling, with jitter."""
        return _jitter(min(self.first_retry_delay * 2.0 ** (failures - 1), self.max_retry_delay))

    def status_delay(self, requests: int) -> float:
        """Return the seconds of silence until the next status request, after 0, 1, ... requests: doubling."""
        return _jitter(min(self.first_status_delay * 2.0 ** min(requests, _MAX_DOUBLINGS), self.max_status_delay))

    def poll_delay(self, polls: int) -> float:
        """Return the seconds to wait before the 1st, 2nd, ... poll."""
        return _jitter(min(self.first_poll_delay * 1.5 ** (polls - 1), self.max_poll_delay))


_MAX_DOUBLINGS = 30  # a wait may last for days, and 2.0 ** 1024 overflows


def _jitter(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, keeps no secret
