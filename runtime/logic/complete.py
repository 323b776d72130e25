"""Name the slices that are next, or make one verified object of all parts and mark the download READY."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from runtime.errors import (
    InvalidPartError,
    ObjectExistsError,
    StoppedError,
    StoredObjectError,
    TransferError,
    UploadConflictError,
    UploadGoneError,
)
from runtime.logic import cleanup, crc32, outcome, plan, verify
from runtime.logic.outcome import Outcome
from runtime.logic.sliced import Sliced, sliced
from runtime.models import Digest, Stored
from runtime.ports import Clock, Downloads, Objects, Part

LISTINGS = 3


@dataclass(frozen=True)
class Complete:
    """Safe to run again: what the object will be is noted before it is made, so that a lost reply is found out."""

    downloads: Downloads
    objects: Objects
    clock: Clock
    object_prefix: str
    cut: plan.Cut = plan.plan

    def __call__(self, execution_arn: str, copied: int) -> Outcome:
        """Of a file whose first so many slices were copied.

        STORED, PLANNED with the numbers of the next `slices`, RESTART when the upload has vanished,
        or FAILED with `error` `{code, message}`.

        Raises:
            ServiceError: S3 or DynamoDB failed for now.
        """
        row = self.downloads.get(execution_arn)
        if row is not None and row.status.is_final:
            return outcome.of_final(row)
        job = sliced(row, self.object_prefix, self.cut, self.clock.now())
        if job is None:
            return outcome.failed(StoppedError("The download is not there any more."))
        try:
            if copied < job.plan.slice_count:
                return self._next(job, copied)
            stored = self._stored(job)
        except TransferError as error:  # what a worker noted says why parts are missing
            return outcome.failed(job.download.failure or error)
        if stored is None:
            return self._again(job)
        return outcome.settle(self.downloads, self.objects, self.clock, job.download, stored, job.upload_id)

    def _next(self, job: Sliced, copied: int) -> Outcome:
        """Go on, unless what was copied so far is in vain."""
        try:
            parts = self.objects.list_parts(job.key, job.upload_id, most=copied * job.plan.parts_per_slice)
        except UploadGoneError:
            return self._again(job)
        if job.download.failure is not None or not tiles(job.plan, parts, copied):
            raise _incomplete()
        return {"outcome": "PLANNED", "slices": job.plan.batch(copied)}

    def _again(self, job: Sliced) -> Outcome:
        """Once: whoever takes an upload away twice would do so for ever."""
        arn = job.download.execution_arn
        if job.download.failure is None and self.downloads.restart(arn, upload_id=job.upload_id, now=self.clock.now()):
            return {"outcome": "RESTART"}
        return outcome.failed(job.download.failure or StoredObjectError("The upload of the file has vanished."))

    def _stored(self, job: Sliced) -> Stored | None:
        """The verified object; nothing where neither it nor the upload is there."""
        try:
            digest = self._make(job)
        except UploadConflictError:  # S3 may have dropped the parts, or not: they are of no use any more
            cleanup.abort_until_gone(self.objects, self.clock, job.key, job.upload_id)
            return None
        head = self.objects.head(job.key)
        if digest is None or head is None:
            return None
        return verify.stored(
            head,
            key=job.key,
            download_id=job.download.download_id,
            size=job.plan.size,
            digest=digest,
            content_type=job.version.content_type,
        )

    def _make(self, job: Sliced) -> Digest | None:
        """Complete the upload, unless that was done before; says what the object should be, if that is known."""
        for _ in range(LISTINGS):
            try:
                parts = self.objects.list_parts(job.key, job.upload_id, most=plan.MOST_PARTS)
            except UploadGoneError:
                return job.download.digest
            if not tiles(job.plan, parts, job.plan.slice_count):
                raise _incomplete()
            digest = self._note(job, parts)
            with suppress(InvalidPartError):  # a late worker stored a part again: it has to be listed again
                self._complete(job, parts)
                return digest
        raise StoredObjectError("Parts were stored again and again while the file was put together.")

    def _complete(self, job: Sliced, parts: Sequence[Part]) -> None:
        """What is there is ours, of an earlier try or when a reply was lost, as the comparison will tell."""
        try:
            with suppress(UploadGoneError):
                self.objects.complete(job.key, job.upload_id, parts=parts)
        except ObjectExistsError:
            cleanup.abort_until_gone(self.objects, self.clock, job.key, job.upload_id)

    def _note(self, job: Sliced, parts: Sequence[Part]) -> Digest:
        arn, digest = job.download.execution_arn, crc32.digest(parts)
        if not self.downloads.note_digest(arn, digest=digest, upload_id=job.upload_id, now=self.clock.now()):
            raise StoppedError("The download was stopped.")
        return digest


def tiles(cut: plan.Plan, parts: Sequence[Part], slices: int) -> bool:
    """Whether these are the parts of the plan's first so many slices: all of them, in order, each of its length."""
    return len(parts) == min(slices * cut.parts_per_slice, cut.part_count) and all(
        (part.number, part.size) == (number, cut.part(number).length) for number, part in enumerate(parts, 1)
    )


def _incomplete() -> StoredObjectError:
    return StoredObjectError("Parts of the file are missing in the bucket.")
