"""The progress of a copy: recorded in the download's item and sent to its sockets.

Each check reads the item, which also shows whether the download was cancelled. Messages are sent in a thread of their
own: the copy neither waits for one nor fails by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

from runtime import log, parallel, steps
from runtime.errors import AsyncDownloadError, ConnectionGoneError, ServiceError, StoppedError
from runtime.logic.copying import progress_budget
from runtime.logic.sockets import messages
from runtime.logic.sockets.messages import Message
from runtime.models import Download, Status
from runtime.ports import Clock, Downloads, Sockets

CHECK_SECONDS = 1.0
CLOSE_SECONDS = 1.0  # at the end, for a message that is being sent


class BackgroundTask:
    """Runs one job at a time in a thread of its own; a job that comes while another runs is left out."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def start(self, job: Callable[[], None]) -> bool:
        """Run the job if no other runs. Return whether it was started."""
        if self._last is not None and not self._last.done():
            return False
        self._pool = self._pool or ThreadPoolExecutor(1, "background")
        self._last = self._pool.submit(_run_logged, job)
        return True

    def close(self) -> None:
        """Give the last job a moment to end."""
        if self._pool is not None and self._last is not None:
            wait([self._last], timeout=CLOSE_SECONDS)
            self._pool.shutdown(wait=False)


def send_progress(sockets: Sockets, download: Download, rate: float | None) -> None:
    """Post the progress to every socket of the download, once: the next message replaces one that was lost."""
    send_once(sockets, download, messages.progress(download, rate))


def send_once(sockets: Sockets, download: Download, message: Message) -> None:
    """Post a message to every socket of the download, once. Clients ask for the status when one was lost.

    Posts that are throttled or fail are counted in one log line.
    """
    data = messages.encode(message)
    posted = parallel.map_each(partial(_post, sockets, data), sorted(download.connection_ids))
    if given_up := posted.count(False):
        log.write(
            steps.PUSHES_GIVEN_UP,
            {"PushesGivenUp": given_up},
            type=str(message["type"]),
            posted=len(posted) - given_up,
            pushesGivenUp=given_up,
        )


class StreamProgress:
    """The progress of a copy by a single worker. `upload_id` is the upload that this worker writes, once it has one."""

    def __init__(self, downloads: Downloads, sockets: Sockets, clock: Clock, execution_arn: str) -> None:
        self.upload_id: str | None = None
        self._downloads = downloads
        self._sockets = sockets
        self._clock = clock
        self._arn = execution_arn
        self._began = self._checked = clock.monotonic()
        self._first: tuple[float, int] | None = None  # when the first bytes had come, and how many
        self._spent = 0.0
        self._background = BackgroundTask()

    def update(self, copied: int, size: int | None) -> None:
        """Check the item at most once a second, and send the progress as often as the budget allows.

        Raises:
            StoppedError: the download was cancelled or has expired, or another worker copies it.
        """
        moment = self._clock.monotonic()
        self._first = self._first or (moment, copied)
        if moment - self._checked < CHECK_SECONDS:
            return
        self._checked = moment
        with self._logged():
            download = self._get_unfinished()
            if download.upload_id != self.upload_id:
                raise _stopped()
            spent = self._spent + progress_budget.price_of_update(len(download.connection_ids))
            if not progress_budget.allows(spent, moment - self._began, copied):
                return
            updated = self._record(copied, size, self.upload_id)
            if updated.connection_ids:
                self._background.start(partial(send_progress, self._sockets, updated, self._rate(moment, copied)))
            self._spent = spent

    def check_while_waiting(self) -> None:
        """Check the item while the origin has not answered yet, which may take minutes.

        Raises:
            StoppedError: the download was cancelled or has expired.
        """
        with self._logged():
            download = self._get_unfinished()
            if download.status is Status.PENDING:
                self._record(0, None, download.upload_id)

    def close(self) -> None:
        """Send nothing after this."""
        self._background.close()

    def _get_unfinished(self) -> Download:
        download = self._downloads.get(self._arn)
        if download is None or download.status.is_final or download.is_expired(self._clock.now()):
            raise _stopped()
        return download

    def _record(self, copied: int, size: int | None, upload_id: str | None) -> Download:
        now = self._clock.now()
        download = self._downloads.progress(self._arn, copied=copied, size=size, upload_id=upload_id, now=now)
        if download is None:
            raise _stopped()
        return download

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """Log an error of a table: a throttled table is no reason to lose the copy."""
        try:
            yield
        except ServiceError as error:
            log.write(steps.PROGRESS_NOT_RECORDED, reason=str(error))

    def _rate(self, moment: float, copied: int) -> float | None:
        """Return bytes a second since the first ones: the wait for an origin's first byte does not count."""
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


def _run_logged(job: Callable[[], None]) -> None:
    try:
        job()
    except AsyncDownloadError as error:
        log.write(steps.PROGRESS_NOT_SENT, reason=str(error))
