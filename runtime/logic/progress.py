"""How far a copy is: written to its row, and pushed to its sockets.

The row is written at most once a second, which also tells whether anybody still wants the file. Sockets are told beside
the copy, which never waits for one and never fails by one.

A message costs $1 in a million; one in three seconds for each socket is below 1 % of what a copying worker costs.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from runtime import log
from runtime.errors import AsyncDownloadError, ConnectionGoneError, ServiceError, StoppedError
from runtime.logic import messages, parallel
from runtime.models import Download
from runtime.ports import Clock, Downloads, Sockets

WRITE_SECONDS = 1.0
PUSH_SECONDS = 3.0  # for each socket that is told
RAREST_SECONDS = 15.0
PATIENCE_SECONDS = 1.0  # at the end, for a message that is on its way


class Beside:
    """Runs one job at a time in a thread of its own; a job that comes meanwhile is left out."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def __call__(self, job: Callable[[], None]) -> bool:
        """Run it if nothing is running; says whether it does."""
        if self._last is not None and not self._last.done():
            return False
        self._pool = self._pool or ThreadPoolExecutor(1, "beside")
        self._last = self._pool.submit(_logged, job)
        return True

    def close(self) -> None:
        """Give the last job a moment to end."""
        if self._pool is not None and self._last is not None:
            wait([self._last], timeout=PATIENCE_SECONDS)
            self._pool.shutdown(wait=False)


def push(sockets: Sockets, download: Download, rate: float | None) -> None:
    """Tell every socket of the row. One that is gone or slow misses it: the end is told by `deliver`."""
    data = messages.encode(messages.progress(download, rate))
    parallel.each(partial(_post, sockets, data), sorted(download.connection_ids))


class StreamProgress:
    """Of the single streaming worker."""

    def __init__(self, downloads: Downloads, sockets: Sockets, clock: Clock, execution_arn: str) -> None:
        self._downloads = downloads
        self._sockets = sockets
        self._clock = clock
        self._arn = execution_arn
        self._written = clock.monotonic()
        self._first: tuple[float, int] | None = None  # when the first bytes had come, and how many
        self._pushed: float | None = None
        self._beside = Beside()

    def __call__(self, copied: int, size: int | None, upload_id: str | None) -> None:
        """Tell, if it is time to.

        Raises:
            StoppedError: the row says that nobody wants the file any more.
        """
        moment = self._clock.monotonic()
        self._first = self._first or (moment, copied)
        if moment - self._written < WRITE_SECONDS:
            return
        self._written = moment
        try:
            row = self._downloads.progress(
                self._arn, copied=copied, size=size, upload_id=upload_id, now=self._clock.now()
            )
        except ServiceError as error:  # a busy table is no reason to lose the copy
            log.warning("The progress could not be written", executionArn=self._arn, reason=str(error))
            return
        if row is None:
            raise StoppedError("The download was stopped.")
        between = min(PUSH_SECONDS * len(row.connection_ids), RAREST_SECONDS)
        due = row.connection_ids and (self._pushed is None or moment - self._pushed >= between)
        if due and self._beside(partial(push, self._sockets, row, self._rate(moment, copied))):
            self._pushed = moment

    def close(self) -> None:
        """Nothing is told after this."""
        self._beside.close()

    def _rate(self, moment: float, copied: int) -> float | None:
        """Bytes a second since the first ones: how long an origin took to begin says nothing about the rest."""
        assert self._first is not None
        began, before = self._first
        return (copied - before) / (moment - began) if moment > began else None


def _post(sockets: Sockets, data: bytes, connection_id: str) -> None:
    try:
        sockets.post(connection_id, data)
    except (ConnectionGoneError, ServiceError):
        return


def _logged(job: Callable[[], None]) -> None:
    try:
        job()
    except AsyncDownloadError as error:
        log.warning("Progress could not be told", reason=str(error))
