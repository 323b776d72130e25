"""The checks of a slice's worker between parts: stop after a cancel, and sometimes report the progress of all slices.

The progress is computed from the parts that S3 lists, so that workers that run twice or are killed do not distort it.
The download's item holds how many parts are there without a gap; a listing begins behind them, and one page reaches
far beyond the parts that are being stored.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from runtime import log, steps
from runtime.errors import ServiceError, StoppedError
from runtime.logic.copying import progress_budget
from runtime.logic.copying.plan import Plan
from runtime.logic.copying.progress import CHECK_SECONDS, BackgroundTask, send_progress
from runtime.logic.slices.sliced import Sliced
from runtime.models import Download
from runtime.ports import Clock, Downloads, Objects, Part, Sockets

PAGE = 1_000


class Watch:
    """Checks the download of one slice; several threads may call it."""

    def __init__(
        self,
        downloads: Downloads,
        objects: Objects,
        sockets: Sockets,
        clock: Clock,
        job: Sliced,
        workers: int,
    ) -> None:
        self._downloads = downloads
        self._objects = objects
        self._sockets = sockets
        self._clock = clock
        self._job = job
        self._workers = min(workers, job.plan.slice_count)
        self._checked = clock.monotonic()
        self._lock = threading.Lock()
        self._background = BackgroundTask()

    def check(self) -> None:
        """Read the download at most once a second; report the progress when it is due.

        Raises:
            StoppedError: the slice is not needed any more.
        """
        with self._lock:
            if self._clock.monotonic() - self._checked < CHECK_SECONDS:
                return
            self._checked = self._clock.monotonic()
        try:
            download = self._downloads.get(self._job.download.execution_arn)
        except ServiceError as error:  # a throttled table is no reason to lose the slice
            log.write(steps.DOWNLOAD_NOT_READ, reason=str(error))
            return
        if download is None or not self._job.is_needed(download, self._clock.now()):
            raise StoppedError("The download was stopped.")
        if self._clock.now() - download.updated_at >= self._interval(download):
            self._background.start(partial(self._report, download))

    def close(self) -> None:
        """Send nothing after this."""
        self._background.close()

    def _interval(self, download: Download) -> float:
        return progress_budget.slices_interval(
            self._job.plan.size,
            len(download.connection_ids),
            self._workers,
            is_first=download.copied_bytes is None,
            age=self._clock.now() - download.created_at,
        )

    def _report(self, download: Download) -> None:
        """Record the progress of all slices and send it, unless another worker has just done so."""
        known_parts = download.copied_parts
        listed = self._objects.list_parts(self._job.key, self._job.upload_id, after=known_parts, max_parts=PAGE)
        parts, copied = count_parts(self._job.plan, known_parts, listed)
        now = self._clock.now()
        updated = self._downloads.advance(
            download.execution_arn,
            copied=copied,
            parts=parts,
            upload_id=self._job.upload_id,
            seen_at=download.updated_at,
            now=now,
        )
        if updated is not None and updated.connection_ids:
            before = download.copied_bytes  # None before the first report: that time includes the workers' start
            rate = None if before is None else (copied - before) / (now - download.updated_at)
            send_progress(self._sockets, updated, rate)


def count_parts(plan: Plan, known_parts: int, listed: Sequence[Part]) -> tuple[int, int]:
    """Return the number of parts without a gap, and all copied bytes.

    Args:
        plan: the cut of the file.
        known_parts: parts from the first on that are known to be there.
        listed: the parts behind them that S3 has.
    """
    copied = min(known_parts * plan.part_size, plan.size) + sum(part.size for part in listed)
    without_gap = known_parts
    for part in listed:
        if part.number != without_gap + 1:
            break
        without_gap += 1
    return without_gap, copied
