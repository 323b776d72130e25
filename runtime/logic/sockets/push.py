"""Posts to many sockets at once, and repeats those that may succeed until the time is over."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runtime import parallel
from runtime.backoff import full_jitter, pause
from runtime.errors import PushesGivenUpError
from runtime.ports import Clock

BUDGET_SECONDS = 9.5
WORKERS = 32  # the threads of `parallel.map_each`, and the connections of API Gateway's client


class PushOutcome(StrEnum):
    """The outcome for one socket. NOT_OPEN and BUSY are repeated until the budget is spent."""

    POSTED = "posted"
    GONE = "gone"
    NOT_OPEN = "notOpen"  # 410 from a socket so new that its `$connect` may not have returned
    BUSY = "busy"  # throttled, a server error, or no answer
    REFUSED = "refused"  # an error that another attempt cannot overcome


@dataclass(frozen=True)
class PushCounts:
    """The number of sockets per outcome."""

    posted: int = 0
    gone: int = 0
    not_open: int = 0
    busy: int = 0
    refused: int = 0

    @staticmethod
    def of(outcomes: Mapping[str, PushOutcome]) -> PushCounts:
        """Count the outcomes of `Pushes.run`."""
        values = list(outcomes.values())
        return PushCounts(*(values.count(outcome) for outcome in _IN_ORDER))

    @property
    def given_up(self) -> int:
        """Return the number of connected clients that missed the message."""
        return self.busy + self.refused

    @property
    def by_outcome(self) -> dict[str, int]:
        """Return the number of sockets by the name of their outcome."""
        counts = (self.posted, self.gone, self.not_open, self.busy, self.refused)
        return dict(zip(map(str, _IN_ORDER), counts, strict=True))

    @property
    def fields(self) -> dict[str, int]:
        """Return the counts as they are returned to Step Functions."""
        return self.by_outcome | {"pushesGivenUp": self.given_up}

    @property
    def none_reached(self) -> bool:
        """Return whether no socket was reached and another attempt may reach one, without a repeated message to any."""
        return self.busy > 0 and not self.posted

    def raise_if_none_reached(self) -> None:
        """Request another attempt of the whole delivery if it may succeed.

        Raises:
            PushesGivenUpError: `none_reached`.
        """
        if self.none_reached:
            raise PushesGivenUpError(self.given_up)


_IN_ORDER = (
    PushOutcome.POSTED,
    PushOutcome.GONE,
    PushOutcome.NOT_OPEN,
    PushOutcome.BUSY,
    PushOutcome.REFUSED,
)
_RETRIED = (PushOutcome.NOT_OPEN, PushOutcome.BUSY)
Attempt = Callable[[str], PushOutcome]


class Pushes:
    """A queue of sockets, ordered by due time, that a few threads work on.

    Every socket gets its first attempt before any gets its second. A socket that waits for its next attempt occupies
    a thread only when no other is due, so 100 throttled sockets delay none of the others.
    """

    def __init__(self, clock: Clock, attempt: Attempt, *, budget: float = BUDGET_SECONDS) -> None:
        self._clock = clock
        self._attempt = attempt
        self._end = clock.monotonic() + budget
        self._queue: list[tuple[float, str, int]] = []  # due time, connection id, attempts so far
        self._outcomes: dict[str, PushOutcome] = {}
        self._lock = threading.Lock()

    def run(self, connection_ids: Sequence[str]) -> dict[str, PushOutcome]:
        """Return the last outcome of each socket."""
        self._queue = [(0.0, connection_id, 0) for connection_id in sorted(connection_ids)]
        parallel.map_each(lambda _: self._work(), range(min(WORKERS, len(self._queue))))
        return self._outcomes

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:  # other threads handle the remaining sockets
                    return
                due, connection_id, attempts = heapq.heappop(self._queue)
            wait = due - self._clock.monotonic()
            if wait > 0:
                self._clock.sleep(wait)
            self._handle(connection_id, attempts + 1, self._attempt(connection_id))

    def _handle(self, connection_id: str, attempts: int, outcome: PushOutcome) -> None:
        now = self._clock.monotonic()
        with self._lock:
            self._outcomes[connection_id] = outcome
            if outcome in _RETRIED and now < self._end:
                due = min(self._end, now + _delay(outcome, attempts))
                heapq.heappush(self._queue, (due, connection_id, attempts))


def _delay(outcome: PushOutcome, attempts: int) -> float:
    if outcome is PushOutcome.NOT_OPEN:  # usually a matter of milliseconds
        return pause(attempts, base=0.03, maximum=1.0)
    return full_jitter(attempts, base=0.2, maximum=2.0)
