"""What a slice's worker does between parts: see whether it should stop, and sometimes say how far all slices are.

How far is derived from what S3 lists, so that workers that run twice or are killed distort nothing.

A row holds how many parts are there without a gap; a listing begins behind them, and one page reaches far beyond what
is in flight. Telling costs a listing, a row and messages: at most a hundredth of what the copy costs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from runtime import log
from runtime.errors import ServiceError, StoppedError
from runtime.logic.copying import prices
from runtime.logic.copying.plan import Plan
from runtime.logic.copying.progress import BackgroundTask, push
from runtime.logic.slices.sliced import Sliced
from runtime.models import Download
from runtime.ports import Clock, Downloads, Objects, Part, Sockets

LOOK_SECONDS = 1.0
FIRST_SECONDS = 1.0
SEND_SECONDS = 3.0  # or longer, when that would cost more than a hundredth of the copy
PAGE = 1_000


class Watch:
    """Called between parts, by any thread."""

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
        self._looked = clock.monotonic()
        self._lock = threading.Lock()
        self._background = BackgroundTask()

    def check(self) -> None:
        """Look at the row, at most once a second.

        Raises:
            StoppedError: the slice is not wanted any more.
        """
        with self._lock:
            if self._clock.monotonic() - self._looked < LOOK_SECONDS:
                return
            self._looked = self._clock.monotonic()
        try:
            row = self._downloads.get(self._job.download.execution_arn)
        except ServiceError as error:  # a busy table is no reason to lose the slice
            log.warning("The row could not be read", reason=str(error))
            return
        if row is None or not self._job.is_wanted(row, self._clock.now()):
            raise StoppedError("The download was stopped.")
        if self._clock.now() - row.updated_at >= self._between(row):
            self._background.start(partial(self._tell, row))

    def close(self) -> None:
        """Nothing is told after this."""
        self._background.close()

    def _between(self, row: Download) -> float:
        """Seconds: often as long as the file itself pays for that, and then as its workers do."""
        cost = prices.S3_WRITE + prices.ROW_WRITE + prices.MESSAGE * len(row.connection_ids)
        times = prices.SHARE * prices.of_copy(0.0, self._job.plan.size) // cost
        if times and row.copied_bytes is None:
            return FIRST_SECONDS
        if self._clock.now() - row.created_at < times * SEND_SECONDS:
            return SEND_SECONDS
        return prices.seconds_between(cost, self._workers)

    def _tell(self, row: Download) -> None:
        listed = self._objects.list_parts(self._job.key, self._job.upload_id, after=row.copied_parts, most=PAGE)
        parts, copied = counted(self._job.plan, row.copied_parts, listed)
        now = self._clock.now()
        changed = self._downloads.advance(
            row.execution_arn,
            copied=copied,
            parts=parts,
            upload_id=self._job.upload_id,
            seen_at=row.updated_at,
            now=now,
        )
        if changed is not None and changed.connection_ids:
            before = row.copied_bytes  # none: the time since then is also that of starting the workers
            rate = None if before is None else (copied - before) / (now - row.updated_at)
            push(self._sockets, changed, rate)


def counted(plan: Plan, known: int, listed: Sequence[Part]) -> tuple[int, int]:
    """How many parts are there without a gap, and bytes in all: `known` parts, and those `listed` behind them."""
    copied = min(known * plan.part_size, plan.size) + sum(part.size for part in listed)
    for part in listed:
        if part.number != known + 1:
            break
        known += 1
    return known, copied
