"""Copy one download from its origin into the bucket and mark it READY, or say why not."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import log, ports
from runtime.errors import OriginError, Retry, ServiceError, StoppedError, TransferError
from runtime.logic import cleanup
from runtime.logic.fetch import Fetch
from runtime.logic.retries import Deadline, Retries
from runtime.logic.source import Source
from runtime.logic.store import Store
from runtime.logic.upload import Buffers
from runtime.models import Download, Origins, Status, Stored
from runtime.ports import Clock, Downloads, Objects, Secrets

PART_SIZE = 8 * 1024 * 1024
BUFFERS = 4
LARGEST = 60 * 10**9  # what one worker carries in its fifteen minutes, at the best
PROGRESS_SECONDS = 1.0
Outcome = dict[str, object]


@dataclass(frozen=True)
class Copy:
    """The single streaming worker. Returns typed outcomes; raises only what another invocation may mend."""

    downloads: Downloads
    objects: Objects
    origins: ports.Origins
    secrets: Secrets
    clock: Clock
    configured: Origins
    object_prefix: str
    loopback: bool = False
    part_size: int = PART_SIZE
    buffers: int = BUFFERS
    largest: int = LARGEST

    def __call__(self, execution_arn: str, seconds: float) -> Outcome:
        """Copy within so many seconds: `{"outcome": "STORED"}` or `{"outcome": "FAILED", "error": {...}}`.

        Raises:
            ServiceError: S3 or DynamoDB failed for now.
        """
        download = self.downloads.get(execution_arn)
        if download is None or download.is_expired(self.clock.now()):
            return _failed(StoppedError("The download is not there any more."))
        if download.status.is_final:
            return _outcome_of(download)
        key = self.object_prefix + download.download_id
        try:
            self._discard_earlier_try(download, key)
            stored, upload_id = self._transfer(download, key, Deadline(self.clock, seconds))
        except TransferError as error:
            return _failed(error)
        return self._finish(download, stored, upload_id)

    def _discard_earlier_try(self, download: Download, key: str) -> None:
        if download.upload_id is not None:
            cleanup.abort_until_gone(self.objects, self.clock, key, download.upload_id)
            self.downloads.forget_upload(download.execution_arn, download.upload_id)

    def _transfer(self, download: Download, key: str, deadline: Deadline) -> tuple[Stored, str | None]:
        if download.origin not in self.configured:
            raise OriginError("The origin is not configured any more.")
        origin = self.configured[download.origin]
        fetch = Fetch(self.origins, self.secrets, origin, download.path, deadline, self.loopback)
        retries = Retries(self.clock, deadline)
        while True:
            try:
                return self._try_once(download, key, fetch, deadline, retries)
            except TransferError as error:
                if error.retry is Retry.NEVER:
                    raise
                retries.spend(error, restart=True)

    def _try_once(
        self, download: Download, key: str, fetch: Fetch, deadline: Deadline, retries: Retries
    ) -> tuple[Stored, str | None]:
        progress = _Progress(self.downloads, self.clock, download.execution_arn)
        source = Source(
            fetch,
            clock=self.clock,
            deadline=deadline,
            retries=retries,
            part_size=self.part_size,
            largest=self.largest,
            tick=progress,
        )
        buffers = Buffers(self.part_size, self.buffers)
        store = Store(self.objects, self.downloads, self.clock, download, key, buffers, deadline)
        progress.watch(source, store)
        try:
            source.open()
            return store.write(source), store.upload_id
        finally:
            source.close()

    def _finish(self, download: Download, stored: Stored, upload_id: str | None) -> Outcome:
        arn = download.execution_arn
        if self.downloads.finish(arn, stored=stored, upload_id=upload_id, now=self.clock.now()):
            return {"outcome": "STORED"}
        current = self.downloads.get(arn)
        if current is not None and current.status is Status.READY:  # by another try, or a reply was lost
            return {"outcome": "STORED"}
        if current is None or current.status.is_final:
            cleanup.delete_if_ours(self.objects, stored.key, download.download_id)
        return _failed(StoppedError("The download was stopped."))


class _Progress:
    """Writes how many bytes were copied, at most once a second, and so learns that it should stop."""

    def __init__(self, downloads: Downloads, clock: Clock, execution_arn: str) -> None:
        self._downloads = downloads
        self._clock = clock
        self._arn = execution_arn
        self._last = clock.monotonic()
        self._source: Source | None = None
        self._store: Store | None = None

    def watch(self, source: Source, store: Store) -> None:
        """What to report of."""
        self._source, self._store = source, store

    def __call__(self) -> None:
        """Report, if it is time to.

        Raises:
            StoppedError: the row says that nobody wants the file any more.
        """
        if self._source is None or self._store is None or self._clock.monotonic() - self._last < PROGRESS_SECONDS:
            return
        self._last = self._clock.monotonic()
        try:
            wanted = self._downloads.progress(
                self._arn,
                copied=self._source.position,
                size=self._source.total,
                upload_id=self._store.upload_id,
                now=self._clock.now(),
            )
        except ServiceError as error:  # a busy table is no reason to lose the copy
            log.warning("The progress could not be written", executionArn=self._arn, reason=str(error))
            return
        if not wanted:
            raise StoppedError("The download was stopped.")


def _failed(error: TransferError) -> Outcome:
    return {"outcome": "FAILED", "error": {"code": error.code, "message": str(error)}}


def _outcome_of(download: Download) -> Outcome:
    if download.status is Status.READY:
        return {"outcome": "STORED"}
    if download.failure is not None:
        return {"outcome": "FAILED", "error": {"code": download.failure.code, "message": download.failure.message}}
    return _failed(StoppedError("The download was cancelled."))
