"""Copy a download from its origin into the bucket and mark it READY, or plan slices, or return the failure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runtime import log, steps
from runtime.errors import OriginPreparingError, StoppedError, TransferError
from runtime.logic.copying import cleanup, limits, outcome, plain_get, plan, verify
from runtime.logic.copying.await_origin import AwaitOrigin
from runtime.logic.copying.outcome import Outcome
from runtime.logic.copying.progress import StreamProgress
from runtime.logic.copying.reuse import Reuse, Wait
from runtime.logic.copying.store import Store
from runtime.logic.copying.upload import Buffers
from runtime.logic.origin import disposition
from runtime.logic.origin.fetch import Fetch, FetchBuilder
from runtime.logic.origin.retries import Deadline, Retries
from runtime.logic.origin.source import Source
from runtime.models import Download, Failure, Status, Version
from runtime.ports import Clock, Downloads, Objects, Sockets

PART_SIZE = 8 * 1024 * 1024
BUFFERS = 4
MAX_FIRST_BYTE_SECONDS = 10.0  # an origin that begins later gets one request, not one for every part


@dataclass(frozen=True)
class Copy:
    """The single streaming worker. It returns typed outcomes, and raises only what another invocation may overcome."""

    downloads: Downloads
    objects: Objects
    sockets: Sockets
    clock: Clock
    fetch_builder: FetchBuilder
    object_prefix: str
    fan_out_bytes: int
    max_file_bytes: int
    part_size: int = PART_SIZE
    buffers: int = BUFFERS
    max_streamed: int = limits.MAX_STREAMED
    cut: plan.Cut = plan.plan
    reuse: Reuse | None = None

    def run(self, execution_arn: str, seconds: float) -> Outcome:
        """Copy within so many seconds.

        Return STORED, PLANNED with the first `slices` (numbers), WAIT with a `fileId` if another download copies the
        same version of the file, PREPARING with the `seconds` after which the origin is requested again, or FAILED
        with an `error`.

        Raises:
            ServiceError: S3 or DynamoDB failed for now.
        """
        download = self.downloads.get(execution_arn)
        if download is None or download.is_expired(self.clock.now()):
            return outcome.failed(StoppedError("The download is not there any more."))
        log.set_download(download)
        if download.status.is_final:
            return outcome.of_final(download)
        await_origin, deadline = AwaitOrigin(self.downloads, self.sockets, self.clock), Deadline(self.clock, seconds)
        if wait := await_origin.remaining(download):
            return wait
        log.write(steps.COPY_STARTED, status=str(download.status), size=download.expected_size)
        try:
            try:
                return self._transfer(download, self.fetch_builder.build(download, deadline), deadline)
            except OriginPreparingError as answer:
                return await_origin.begin(download, answer)
        except TransferError as error:
            return outcome.failed(error)

    def _transfer(self, download: Download, fetch: Fetch, deadline: Deadline) -> Outcome:
        retries, range_failure = Retries(self.clock, deadline), download.range_failure
        while True:
            try:
                return self._try_once(download, fetch, deadline, retries, plain=range_failure is not None)
            except TransferError as error:
                before, range_failure = range_failure, plain_get.prepare_next(error, retries, range_failure)
                if range_failure != before:
                    download = self._end_reuse(download, range_failure)

    def _end_reuse(self, download: Download, range_failure: Failure | None) -> Download:
        """Record that the copy may be of another version than the one that it was claimed for, if it was."""
        current = self.downloads.get(download.execution_arn) if self.reuse else None
        if current is None or current.file_id is None or range_failure is None:
            return download
        arn, upload_id = download.execution_arn, current.upload_id
        self.downloads.record_range_failure(arn, failure=range_failure, upload_id=upload_id)
        return replace(download, range_failure=range_failure)

    def _try_once(
        self, download: Download, fetch: Fetch, deadline: Deadline, retries: Retries, *, plain: bool
    ) -> Outcome:
        key = self.object_prefix + download.download_id
        progress = StreamProgress(self.downloads, self.sockets, self.clock, download.execution_arn)
        source = Source(
            fetch,
            clock=self.clock,
            deadline=deadline,
            retries=retries,
            part_size=self.part_size,
            limit=limits.stream_limit(self.max_file_bytes, self.max_streamed, sha256=download.sha256 is not None),
            expected_size=download.expected_size,
            on_progress=progress.update,
            plain=plain,
        )
        try:
            source.open(progress.check_while_waiting)
            log.write(steps.FIRST_BYTE, size=source.total, seconds=round(source.first_byte_seconds, 3))
            if download.first_byte_at is None:
                download = replace(download, first_byte_at=self.clock.now())
            if source.total is not None:
                verify.expected(download, source.total)
                limits.file_limit(self.max_file_bytes).check(source.total)
            copy = None
            if self.reuse is not None and download.range_failure is None:
                copy = self.reuse.find_copy(download, fetch.origin, source.version)
            if isinstance(copy, Wait):
                return {"outcome": "WAIT", "fileId": copy.file_id}
            if copy is not None:
                log.write(steps.REUSED, size=copy.size)
                self._discard_earlier_try(download, key)
                return outcome.settle(self.downloads, self.objects, self.clock, download, copy, None)
            if download.status is Status.PREPARING:
                self.downloads.resume(download.execution_arn, now=self.clock.now())
            if self._is_for_slices(download, source):
                source.close()
                return self._plan(download, key, source)
            self._discard_earlier_try(download, key)
            buffers = Buffers(self.part_size, self.buffers)
            store = Store(self.objects, self.downloads, self.clock, download, key, buffers, deadline, progress)
            stored = store.write(source)
        finally:
            source.close()
            progress.close()
        return outcome.settle(self.downloads, self.objects, self.clock, download, stored, progress.upload_id)

    def _is_for_slices(self, download: Download, source: Source) -> bool:
        """Return whether the file is large, and its origin quick and able to serve ranges of one version.

        A SHA-256 needs the bytes in order: a client that gave one gets a single worker.
        """
        is_large = source.total is not None and 0 < self.fan_out_bytes < source.total
        is_quick = source.first_byte_seconds <= MAX_FIRST_BYTE_SECONDS
        return is_large and is_quick and source.validator is not None and download.sha256 is None

    def _plan(self, download: Download, key: str, source: Source) -> Outcome:
        """Begin the upload of the slices. Only their numbers go through the state machine; the rest is in the item."""
        assert source.total is not None
        assert source.validator is not None
        version = Version(source.validator, disposition.content_type(source.content_type))
        if not self._has_upload_of(download, key, version, source.total):
            self._discard_earlier_try(download, key)
            self._begin(download, key, version, source.total)
        cut = self.cut(source.total)
        log.write(steps.SLICED, size=source.total, slices=cut.slice_count)
        return {"outcome": "PLANNED", "slices": cut.batch(0)}

    def _has_upload_of(self, download: Download, key: str, version: Version, size: int) -> bool:
        """Return whether an earlier try has begun an upload of this version."""
        is_same = download.version == version and download.size == size
        return is_same and download.upload_id is not None and self.objects.has_upload(key, download.upload_id)

    def _begin(self, download: Download, key: str, version: Version, size: int) -> None:
        metadata = {cleanup.OWNER: download.download_id}
        upload_id = self.objects.create_upload(key, content_type=version.content_type, metadata=metadata)
        recorded = False
        try:
            recorded = self.downloads.begin_upload(
                download.execution_arn,
                upload_id=upload_id,
                size=size,
                first_byte_at=download.first_byte_at,
                now=self.clock.now(),
                version=version,
            )
        finally:
            if not recorded:
                cleanup.abort_until_gone(self.objects, self.clock, key, upload_id)
        if not recorded:
            raise StoppedError("The download was stopped.")

    def _discard_earlier_try(self, download: Download, key: str) -> None:
        if download.upload_id is not None:
            cleanup.abort_until_gone(self.objects, self.clock, key, download.upload_id)
            self.downloads.forget_upload(download.execution_arn, download.upload_id)
