"""The time and the attempts that a worker has left."""

from __future__ import annotations

from runtime import log, steps
from runtime.backoff import pause
from runtime.errors import ServiceError, TimedOutError, TransferError, fault_of_error
from runtime.ports import Clock

MAX_WAIT_SECONDS = 30.0  # between two attempts of one worker


class Deadline:
    """The moment at which a worker has to be done."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self._end = clock.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, more than 0.

        Raises:
            TimedOutError: the moment has passed.
        """
        left = self._end - self.clock.monotonic()
        if left <= 0:
            raise TimedOutError("The file could not be copied in the time that there is.")
        return left


class Retries:
    """The attempts that one transfer has left, and the wait before the next."""

    def __init__(
        self, clock: Clock, deadline: Deadline, *, attempts: int = 3, max_wait: float = MAX_WAIT_SECONDS
    ) -> None:
        self._clock = clock
        self._deadline = deadline
        self._attempts = attempts
        self._max_wait = max_wait
        self._failed = 0
        self._restarted = 0

    def spend(self, error: TransferError | ServiceError, *, restart: bool = False) -> None:
        """Wait as long as the origin requested, or back off; raise the error if no attempt is left."""
        self._failed += 1
        self._restarted += restart
        if max(self._failed, self._restarted) >= self._attempts:
            raise error
        wait = pause(self._failed, base=0.5, maximum=8.0)
        if isinstance(error, TransferError) and error.retry_after is not None:
            wait = max(wait, error.retry_after)
        if wait > min(self._max_wait, self._deadline.remaining()):
            raise error
        fault = fault_of_error(error)
        log.write(steps.RETRIED, code=error.code, fault=fault, attempt=self._failed, seconds=round(wait, 2))
        self._clock.sleep(wait)

    def renew(self) -> None:
        """Count failures from 0 again after progress; restarts are counted for the whole transfer."""
        self._failed = 0
