"""Copy one slice of a large file into the upload that `copy` began. Parts that a killed worker stored are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime import log, steps
from runtime.errors import (
    OriginPreparingError,
    OriginTimeoutError,
    Retry,
    StoppedError,
    TimedOutError,
    TransferError,
    UploadGoneError,
    fault_of,
)
from runtime.logic.copying import plan
from runtime.logic.copying.await_origin import AwaitOrigin
from runtime.logic.origin.fetch import FetchBuilder
from runtime.logic.origin.range_reader import RangeReader
from runtime.logic.origin.retries import Deadline
from runtime.logic.slices.lanes import Lanes
from runtime.logic.slices.part_copy import PartCopy
from runtime.logic.slices.sliced import Sliced, sliced
from runtime.logic.slices.watch import Watch
from runtime.models import Failure
from runtime.ports import Clock, Downloads, Objects, Sockets


@dataclass(frozen=True)
class CopySlice:
    """One of many workers. It ends without an error if there is nothing left to do, or the download cannot succeed."""

    downloads: Downloads
    objects: Objects
    sockets: Sockets
    clock: Clock
    fetch_builder: FetchBuilder
    object_prefix: str
    concurrency: int
    cut: plan.Cut = plan.plan
    max_held: int = plan.MAX_HELD
    piece: int = plan.MIN_PART

    def run(self, execution_arn: str, index: int, seconds: float) -> None:
        """Copy slice `index`, from 0, within so many seconds. Record the error of a file that cannot be copied.

        Raises:
            TransferError: the origin failed for now.
            ServiceError: S3 or DynamoDB failed for now.
        """
        now = self.clock.now()
        download = self.downloads.get(execution_arn)
        if download is not None:
            log.set_download(download)
        job = sliced(download, self.object_prefix, self.cut, now)
        if job is None or not job.is_needed(job.download, now):
            log.write(steps.SLICE_STOPPED, slice=index, reason="The download has ended or waits.")
            return
        watch = Watch(self.downloads, self.objects, self.sockets, self.clock, job, self.concurrency)
        try:
            self._copy(job, index, Deadline(self.clock, seconds), watch)
        except (StoppedError, UploadGoneError) as error:
            log.write(steps.SLICE_STOPPED, slice=index, reason=str(error))
        except OriginPreparingError as answer:
            self._await_origin(job, answer)
        except TransferError as error:
            fault = fault_of(error.code)
            log.write(steps.SLICE_FAILED, slice=index, code=error.code, fault=fault, reason=str(error))
            self._record(job, error)
            if may_be_overcome(error):
                raise
        finally:
            watch.close()

    def _copy(self, job: Sliced, index: int, deadline: Deadline, watch: Watch) -> None:
        began = self.clock.monotonic()
        missing = self._missing_parts(job, index)
        self._copy_parts(job, missing, deadline, watch)
        size, seconds = sum(part.length for part in missing), self.clock.monotonic() - began
        bytes_per_second = log.rate(size, seconds)
        log.write(
            steps.SLICE_COPIED, slice=index, bytes=size, seconds=round(seconds, 3), bytesPerSecond=bytes_per_second
        )

    def _copy_parts(self, job: Sliced, missing: list[plan.Range], deadline: Deadline, watch: Watch) -> None:
        fetch = self.fetch_builder.build(job.download, deadline)
        reader = RangeReader(fetch, self.clock, deadline, job.version.validator, job.plan.size)
        copy = PartCopy(reader, self.objects, job.key, job.upload_id)
        if job.plan.part_size > self.max_held:
            self._stream(copy, missing, watch)
            return

        def copy_part(part: plan.Range, buffer: bytearray, check_cancelled: Callable[[], None]) -> None:
            copy.held(part, buffer, check_cancelled)
            watch.check()

        Lanes(self.clock, missing, copy_part).run()

    def _stream(self, copy: PartCopy, missing: list[plan.Range], watch: Watch) -> None:
        for number, part in enumerate(missing):
            try:
                copy.streamed(part, watch.check, piece=self.piece)
            except TimedOutError as error:
                if number:  # the next worker continues behind the parts that this one has stored
                    raise
                raise TimedOutError(
                    f"A file this large goes to S3 in parts of {part.length} bytes, and a worker had no time for "
                    "one of them: the origin is too slow for it."
                ) from error

    def _missing_parts(self, job: Sliced, index: int) -> list[plan.Range]:
        """Return the parts of the slice that S3 does not hold yet."""
        parts = list(job.plan.parts_of(index))
        listed = self.objects.list_parts(job.key, job.upload_id, after=parts[0].number - 1, max_parts=len(parts))
        sizes = {part.number: part.size for part in listed}
        return [part for part in parts if sizes.get(part.number) != part.length]

    def _await_origin(self, job: Sliced, answer: OriginPreparingError) -> None:
        """Record the wait, for which the other workers end too; `Complete` lets the state machine wait."""
        try:
            AwaitOrigin(self.downloads, self.sockets, self.clock).begin(job.download, answer)
        except TransferError as error:
            self._record(job, error)

    def _record(self, job: Sliced, error: TransferError) -> None:
        failure, arn = Failure(error.code, str(error)), job.download.execution_arn
        record = self.downloads.record_failure
        if may_be_overcome(error):
            record = self.downloads.record_last_error
        elif error.retry is Retry.PLAIN:
            record = self.downloads.record_range_failure
        record(arn, failure=failure, upload_id=job.upload_id)


def may_be_overcome(error: TransferError) -> bool:
    """Return whether another worker may succeed: it has the parts of this one, and its own time."""
    return error.retry is Retry.RESUME or isinstance(error, TimedOutError | OriginTimeoutError)
