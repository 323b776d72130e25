"""Copy one slice of a large file into the upload that `copy` has begun; what a killed worker stored is used again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime import log, ports
from runtime.errors import (
    OriginError,
    OriginTimeoutError,
    Retry,
    StoppedError,
    TimedOutError,
    TransferError,
    UploadGoneError,
)
from runtime.logic.copying import plan
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.range_reader import RangeReader
from runtime.logic.origin.retries import Deadline
from runtime.logic.slices.lanes import Lanes
from runtime.logic.slices.part_copy import PartCopy
from runtime.logic.slices.sliced import Sliced, sliced
from runtime.logic.slices.watch import Watch
from runtime.models import Failure, Origins
from runtime.ports import Clock, Downloads, Objects, Secrets, Sockets


@dataclass(frozen=True)
class CopySlice:
    """One of many workers. Ends quietly where nothing is left to do, also when the download cannot succeed."""

    downloads: Downloads
    objects: Objects
    origins: ports.Origins
    secrets: Secrets
    sockets: Sockets
    clock: Clock
    configured: Origins
    object_prefix: str
    concurrency: int
    loopback: bool = False
    cut: plan.Cut = plan.plan
    max_held: int = plan.MAX_HELD
    piece: int = plan.MIN_PART

    def run(self, execution_arn: str, index: int, seconds: float) -> None:
        """Copy slice `index`, from 0, within so many seconds. Why the file cannot be copied is noted in the row.

        Raises:
            TransferError: the origin failed for now.
            ServiceError: S3 or DynamoDB failed for now.
        """
        job = sliced(self.downloads.get(execution_arn), self.object_prefix, self.cut, self.clock.now())
        if job is None or job.download.failure is not None:
            return
        watch = Watch(self.downloads, self.objects, self.sockets, self.clock, job, self.concurrency)
        try:
            self._copy(job, index, Deadline(self.clock, seconds), watch)
        except (StoppedError, UploadGoneError) as error:
            log.info("A slice is not wanted any more", executionArn=execution_arn, slice=index, reason=str(error))
        except TransferError as error:
            self._note(job, error)
            if may_mend(error):
                raise
        finally:
            watch.close()

    def _copy(self, job: Sliced, index: int, deadline: Deadline, watch: Watch) -> None:
        download = job.download
        if download.origin not in self.configured:
            raise OriginError("The origin is not configured any more.")
        origin = self.configured[download.origin]
        fetch = Fetch(self.origins, self.secrets, origin, download.path, deadline, self.loopback)
        read = RangeReader(fetch, self.clock, deadline, job.version.validator, job.plan.size)
        copy = PartCopy(read, self.objects, job.key, job.upload_id)
        missing = self._missing(job, index)
        if job.plan.part_size > self.max_held:
            self._stream(copy, missing, watch)
            return

        def work(part: plan.Range, buffer: bytearray, check_cancelled: Callable[[], None]) -> None:
            copy.held(part, buffer, check_cancelled)
            watch.check()

        Lanes(self.clock, missing, work).run()

    def _stream(self, copy: PartCopy, missing: list[plan.Range], watch: Watch) -> None:
        for number, part in enumerate(missing):
            try:
                copy.streamed(part, watch.check, piece=self.piece)
            except TimedOutError as error:
                if number:  # the next worker goes on behind what this one has stored
                    raise
                raise TimedOutError(
                    f"A file this large goes to S3 in parts of {part.length} bytes, and a worker had no time for "
                    "one of them: the origin is too slow for it."
                ) from error

    def _missing(self, job: Sliced, index: int) -> list[plan.Range]:
        """The parts of the slice that S3 does not hold yet."""
        wanted = list(job.plan.parts_of(index))
        listed = self.objects.list_parts(job.key, job.upload_id, after=wanted[0].number - 1, most=len(wanted))
        sizes = {part.number: part.size for part in listed}
        return [part for part in wanted if sizes.get(part.number) != part.length]

    def _note(self, job: Sliced, error: TransferError) -> None:
        failure, arn = Failure(error.code, str(error)), job.download.execution_arn
        note = self.downloads.record_last_error if may_mend(error) else self.downloads.record_failure
        note(arn, failure=failure, upload_id=job.upload_id)


def may_mend(error: TransferError) -> bool:
    """Whether another worker may get further: it has the parts of this one, and time of its own."""
    return error.retry is Retry.RESUME or isinstance(error, TimedOutError | OriginTimeoutError)
