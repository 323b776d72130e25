"""How far a copy is: written to its row, and pushed to its sockets.

A look at the row tells whether anybody still wants the file. Sockets are told beside the copy, which never waits for
one and never fails by one. Writing and telling together cost at most a hundredth of what the copy does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

from runtime import log, parallel
from runtime.errors import AsyncDownloadError, ConnectionGoneError, ServiceError, StoppedError
from runtime.logic.copying import prices
from runtime.logic.sockets import messages
from runtime.models import Download, Status
from runtime.ports import Clock, Downloads, Sockets

LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 1.0  # at the end, for a message that is on its way


class BackgroundTask:
    """Runs one job at a time in a thread of its own; a job that comes meanwhile is left out."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def start(self, job: Callable[[], None]) -> bool:
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
    """Push to every socket of the row, once: the next progress message replaces one that was lost.

    Pushes that are throttled or fail are counted in one log line.
    """
    data = messages.encode(messages.progress(download, rate))
    posted = parallel.each(partial(_post, sockets, data), sorted(download.connection_ids))
    if given_up := posted.count(False):
        log.warning(
            "Progress messages were given up",
            executionArn=download.execution_arn,
            type="progress",
            posted=len(posted) - given_up,
            pushesGivenUp=given_up,
        )


class StreamProgress:
    """Of the single streaming worker."""

    def __init__(self, downloads: Downloads, sockets: Sockets, clock: Clock, execution_arn: str) -> None:
        self._downloads = downloads
        self._sockets = sockets
        self._clock = clock
        self._arn = execution_arn
        self._began = self._looked = clock.monotonic()
        self._first: tuple[float, int] | None = None  # when the first bytes had come, and how many
        self._spent = 0.0
        self._background = BackgroundTask()

    def update(self, copied: int, size: int | None, upload_id: str | None) -> None:
        """Look at the row, at most once a second; and tell how far the copy is, as often as it has paid for that.

        Raises:
            StoppedError: the row says that nobody wants the file any more, or that another worker copies it.
        """
        moment = self._clock.monotonic()
        self._first = self._first or (moment, copied)
        if moment - self._looked < LOOK_SECONDS:
            return
        self._looked = moment
        with self._logged():
            row = self._wanted()
            if row.upload_id != upload_id:
                raise _stopped()
            spent = self._spent + prices.ROW_WRITE + prices.MESSAGE * len(row.connection_ids)
            if spent > prices.SHARE * prices.of_copy(moment - self._began, copied):
                return
            told = self._write(copied, size, upload_id)
            if told.connection_ids:
                self._background.start(partial(push, self._sockets, told, self._rate(moment, copied)))
            self._spent = spent

    def waiting(self) -> None:
        """Look at the row while the origin has not answered yet; it may take minutes.

        Raises:
            StoppedError: the row says that nobody wants the file any more.
        """
        with self._logged():
            row = self._wanted()
            if row.status is Status.PENDING:
                self._write(0, None, row.upload_id)

    def close(self) -> None:
        """Nothing is told after this."""
        self._background.close()

    def _wanted(self) -> Download:
        row = self._downloads.get(self._arn)
        if row is None or row.status.is_final or row.is_expired(self._clock.now()):
            raise _stopped()
        return row

    def _write(self, copied: int, size: int | None, upload_id: str | None) -> Download:
        row = self._downloads.progress(self._arn, copied=copied, size=size, upload_id=upload_id, now=self._clock.now())
        if row is None:
            raise _stopped()
        return row

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """A busy table is no reason to lose the copy."""
        try:
            yield
        except ServiceError as error:
            log.warning("How far the copy is could not be told", executionArn=self._arn, reason=str(error))

    def _rate(self, moment: float, copied: int) -> float | None:
        """Bytes a second since the first ones: how long an origin took to begin says nothing about the rest."""
        assert self._first is not None
        began, before = self._first
        return (copied - before) / (moment - began) if moment > began else None


def _post(sockets: Sockets, data: bytes, connection_id: str) -> bool:
    """Post once. Return False if a connected client misses the message; a socket that has gone misses nothing."""
    try:
        sockets.post(connection_id, data)
    except ConnectionGoneError:
        return True
    except ServiceError:
        return False
    return True


def _stopped() -> StoppedError:
    return StoppedError("The download was stopped.")


def _logged(job: Callable[[], None]) -> None:
    try:
        job()
    except AsyncDownloadError as error:
        log.warning("Progress could not be told", reason=str(error))
