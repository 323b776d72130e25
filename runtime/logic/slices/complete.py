"""Returns the slices to copy next, or makes one verified object of all parts and marks the download READY."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from runtime import log
from runtime.errors import (
    InvalidPartError,
    ObjectExistsError,
    StoppedError,
    StoredObjectError,
    TransferError,
    UploadConflictError,
    UploadGoneError,
)
from runtime.logic.copying import await_origin, cleanup, crc32, outcome, plan, verify
from runtime.logic.copying.outcome import Outcome
from runtime.logic.slices.sliced import Sliced, sliced
from runtime.models import Digest, Stored
from runtime.ports import Clock, Downloads, Objects, Part

LISTINGS = 3
_RESTART: Outcome = {"outcome": "RESTART"}


@dataclass(frozen=True)
class Complete:
    """May run again: the object's CRC-32 is recorded before it is made, and recognised if an answer was lost."""

    downloads: Downloads
    objects: Objects
    clock: Clock
    object_prefix: str
    cut: plan.Cut = plan.plan

    def run(self, execution_arn: str, slices: Sequence[int], throttled: Collection[int] = ()) -> Outcome:
        """Check the `slices` that a Map has just copied, then return the next slices or complete the upload.

        Return STORED, PLANNED with the numbers of the next `slices`, THROTTLED with the `slices` whose function Lambda
        did not run, PREPARING with the `seconds` after which the origin is requested again, RESTART if the upload has
        vanished or ranges cannot be used, or FAILED with `error` `{code, message}`. After a recorded range failure
        `copy` drops the upload, and requests no ranges any more.

        Args:
            execution_arn: the download.
            slices: numbers of the slices, from 0.
            throttled: numbers of the slices whose function was throttled until the child gave up.

        Raises:
            ServiceError: S3 or DynamoDB failed for now.
        """
        download = self.downloads.get(execution_arn)
        if download is not None:
            log.set_download(download)
        if download is not None and download.status.is_final:
            return outcome.of_final(download)
        job = sliced(download, self.object_prefix, self.cut, self.clock.now())
        if job is None:
            return outcome.failed(StoppedError("The download is not there any more."))
        try:
            parts = self._list(job)
            remaining = None if parts is None else self._remaining(job, parts, slices, throttled)
            if remaining is not None:
                return remaining
            stored = self._stored(job, parts)
        except TransferError as error:  # a worker may have recorded why parts are missing
            return outcome.failed(job.download.failure or error)
        if stored is None:
            return self._restart(job)
        return outcome.settle(self.downloads, self.objects, self.clock, job.download, stored, job.upload_id)

    def _remaining(
        self, job: Sliced, parts: Sequence[Part], slices: Sequence[int], throttled: Collection[int]
    ) -> Outcome | None:
        """Return the outcome with the slices to copy next, or None if all slices are copied.

        While the download waits for its origin, that is PREPARING: `Copy` plans the slices again after the wait.

        Raises:
            StoredObjectError: a slice is missing although its function ran, or a failure was recorded.
        """
        copied = copied_slices(job.plan, parts)
        missing = [index for index in slices if index not in copied]
        following = next((index for index in range(job.plan.slice_count) if index not in copied), None)
        if following is None:
            return None
        if job.download.failure is not None:
            raise _incomplete()
        if job.download.range_failure is not None:
            return _RESTART
        if job.download.next_request_at is not None:
            return await_origin.preparing(job.download.next_request_at - self.clock.now())
        if not set(missing) <= set(throttled):
            raise _incomplete()
        if missing:
            return {"outcome": "THROTTLED", "slices": missing}
        if following <= max(slices):  # of an earlier batch, which was complete then
            raise _incomplete()
        return {"outcome": "PLANNED", "slices": job.plan.batch(following)}

    def _list(self, job: Sliced) -> list[Part] | None:
        """List the parts of the upload; None when the upload is gone."""
        try:
            return list(self.objects.list_parts(job.key, job.upload_id, max_parts=plan.MAX_PARTS))
        except UploadGoneError:
            return None

    def _restart(self, job: Sliced) -> Outcome:
        """Restart the copy once: an upload that vanishes twice would vanish again."""
        if job.download.range_failure is not None:
            return _RESTART
        arn = job.download.execution_arn
        if job.download.failure is None and self.downloads.restart(arn, upload_id=job.upload_id, now=self.clock.now()):
            return _RESTART
        return outcome.failed(job.download.failure or StoredObjectError("The upload of the file has vanished."))

    def _stored(self, job: Sliced, parts: list[Part] | None) -> Stored | None:
        """Return the verified object, or None if both the object and the upload are missing."""
        try:
            digest = self._make(job, parts)
        except UploadConflictError:  # S3 may have kept the parts, but they cannot be completed any more
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

    def _make(self, job: Sliced, parts: list[Part] | None) -> Digest | None:
        """Complete the upload, unless it was completed before. Return the object's expected CRC-32, if it is known."""
        for _ in range(LISTINGS):
            if parts is None:
                return job.download.digest
            if not has_all_parts(job.plan, parts, job.plan.slice_count):
                raise _incomplete()
            digest = self._record_digest(job, parts)
            with suppress(InvalidPartError):
                self._complete(job, parts)
                return digest
            parts = self._list(job)  # a late worker stored a part again, which has another ETag now
        raise StoredObjectError("Parts were stored again and again while the file was put together.")

    def _complete(self, job: Sliced, parts: Sequence[Part]) -> None:
        """Complete the upload. If an earlier try did that, or its answer was lost, `verify` compares the object."""
        try:
            with suppress(UploadGoneError):
                self.objects.complete(job.key, job.upload_id, parts=parts)
        except ObjectExistsError:
            cleanup.abort_until_gone(self.objects, self.clock, job.key, job.upload_id)

    def _record_digest(self, job: Sliced, parts: Sequence[Part]) -> Digest:
        arn, digest = job.download.execution_arn, crc32.digest(parts)
        if not self.downloads.record_digest(arn, digest=digest, upload_id=job.upload_id, now=self.clock.now()):
            raise StoppedError("The download was stopped.")
        return digest


def has_all_parts(cut: plan.Plan, parts: Sequence[Part], slices: int) -> bool:
    """Return whether `parts` are all parts of the first `slices` slices, in order, each of its length."""
    return len(parts) == min(slices * cut.parts_per_slice, cut.part_count) and all(
        (part.number, part.size) == (number, cut.part(number).length) for number, part in enumerate(parts, 1)
    )


def copied_slices(cut: plan.Plan, parts: Sequence[Part]) -> set[int]:
    """Return the numbers of the slices whose parts are all there, each of its length."""
    sizes = {part.number: part.size for part in parts}
    return {
        index
        for index in range(cut.slice_count)
        if all(sizes.get(part.number) == part.length for part in cut.parts_of(index))
    }


def _incomplete() -> StoredObjectError:
    return StoredObjectError("Parts of the file are missing in the bucket.")
