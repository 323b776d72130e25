"""Waits for an origin that prepares the file, or is overloaded: the state machine waits, which costs nothing.

The wait is recorded in the download's item before its clients are notified. So a worker that runs again before the
wait is over finds it, and does not request the origin too early.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from runtime import log, steps
from runtime.errors import OriginError, OriginPreparingError, StoppedError, TimedOutError
from runtime.logic.copying import outcome
from runtime.logic.copying.outcome import Outcome
from runtime.logic.copying.progress import send_once
from runtime.logic.sockets import messages
from runtime.models import Download, Preparation
from runtime.ports import Clock, Downloads, Sockets

FIRST_SECONDS = 5.0
GROWTH = 3.0
MAX_SECONDS = 900.0
LONG_WAIT_ANSWERS = 1_000  # after ten days: an execution may have 25,000 events, and each request takes nine
MAX_LONG_SECONDS = 3_600.0
SPARE_SECONDS = 30.0  # before the end of the download, for the last request


@dataclass(frozen=True)
class AwaitOrigin:
    """Records the wait for an origin and notifies the clients of the download."""

    downloads: Downloads
    sockets: Sockets
    clock: Clock

    def remaining(self, download: Download) -> Outcome | None:
        """Return PREPARING with the `seconds` of a wait that is not over yet, or None."""
        moment, now = download.next_request_at, self.clock.now()
        return preparing(moment - now) if moment is not None and moment > now else None

    def begin(self, download: Download, answer: OriginPreparingError) -> Outcome:
        """Record the origin's answer. Return PREPARING with the `seconds` to wait.

        Args:
            download: the download as it was read before the origin was requested.
            answer: the origin's answer.

        Raises:
            TransferError: the wait would be longer than the download.
        """
        answers, now = (download.preparation.answers if download.preparation else 0), self.clock.now()
        seconds = delay(answers, answer, download.expires_at - now)
        preparation = Preparation(answers + 1, now + seconds, answer.target)
        updated = self.downloads.prepare(download.execution_arn, preparation=preparation, now=now)
        if updated is None:
            return self._recorded_before(download)
        log.write(steps.PREPARING, attempt=answers + 1, seconds=round(seconds), reason=str(answer))
        send_once(self.sockets, updated, messages.download_message(updated))
        return preparing(seconds)

    def _recorded_before(self, download: Download) -> Outcome:
        """Return the outcome of a download that has ended, or that another worker has recorded as PREPARING."""
        current = self.downloads.get(download.execution_arn)
        if current is None:
            return outcome.failed(StoppedError("The download was stopped."))
        if current.status.is_final:
            return outcome.of_final(current)
        return self.remaining(current) or preparing(FIRST_SECONDS)


def delay(answers: int, answer: OriginPreparingError, left: float) -> float:
    """Return the seconds until the next request: at least Retry-After, and more from answer to answer.

    Args:
        answers: how often the origin has asked for a wait before.
        answer: its answer.
        left: seconds until the end of the download.

    Raises:
        OriginError: Retry-After lies beyond the end.
        TimedOutError: the end is near.
    """
    retry_after = answer.retry_after or 0.0
    if retry_after >= left:
        raise OriginError(f"{answer} This download ends before that.")
    maximum = MAX_SECONDS if answers < LONG_WAIT_ANSWERS else MAX_LONG_SECONDS
    grown = min(FIRST_SECONDS * GROWTH ** min(answers, 10), maximum, left - SPARE_SECONDS)
    if max(retry_after, grown) < FIRST_SECONDS:
        raise TimedOutError("The origin did not have the file ready in the time of this download.")
    return max(retry_after, grown)


def preparing(seconds: float) -> Outcome:
    """Return the outcome PREPARING with the `seconds` to wait, in whole seconds as Step Functions takes them."""
    return {"outcome": "PREPARING", "seconds": max(1, math.ceil(seconds))}
