"""Stores a source as one verified object: a small file with PutObject, a larger one in parts."""

from __future__ import annotations

import hashlib
import zlib
from contextlib import suppress
from dataclasses import dataclass

from runtime.errors import ObjectExistsError, StoppedError, UploadGoneError
from runtime.logic.copying import cleanup, crc32, verify
from runtime.logic.copying.progress import StreamProgress
from runtime.logic.copying.upload import Buffers, PartUpload
from runtime.logic.origin import disposition
from runtime.logic.origin.retries import Deadline
from runtime.logic.origin.source import Source
from runtime.models import Download, Stored
from runtime.ports import Clock, Downloads, ObjectHead, Objects, Part


@dataclass
class Store:
    """One attempt to store a file. `progress.upload_id` is set to the multipart upload, once there is one."""

    objects: Objects
    downloads: Downloads
    clock: Clock
    download: Download
    key: str
    buffers: Buffers
    deadline: Deadline
    progress: StreamProgress

    def write(self, source: Source) -> Stored:
        """Read the source to its end and store it; remove what was stored if that fails.

        Raises:
            TransferError: the source failed, or what was stored is not what was read.
            StorageError: S3 failed.
        """
        first = self._fill(source, self.buffers.take(self.deadline))
        if source.total is not None and source.position == source.total:
            return self._put(source, first)
        content_type = disposition.content_type(source.content_type)
        upload_id = self.objects.create_upload(self.key, content_type=content_type, metadata=self._metadata())
        self.progress.upload_id = upload_id
        upload = PartUpload(self.objects, self.key, upload_id, self.buffers)
        try:
            self._record_upload(upload_id, source.total)
            return self._multipart(source, first, upload, content_type)
        except BaseException:
            upload.abandon()
            cleanup.abort_until_gone(self.objects, self.clock, self.key, upload_id)
            self.downloads.forget_upload(self.download.execution_arn, upload_id)
            self.progress.upload_id = None
            raise

    def _put(self, source: Source, body: bytearray) -> Stored:
        checksum, sha256 = zlib.crc32(body), hashlib.sha256(body).hexdigest()
        verify.expected(self.download, len(body), sha256)
        content_type = disposition.content_type(source.content_type)
        metadata = self._metadata()
        head: ObjectHead | None
        try:
            head = self.objects.put(self.key, body, crc32=checksum, content_type=content_type, metadata=metadata)
        except ObjectExistsError:  # by us, if the answer was lost; `verify` compares it
            head = self.objects.head(self.key)
        return self._verified(head, [Part(1, "", len(body), checksum)], sha256, content_type)

    def _multipart(self, source: Source, first: bytearray, upload: PartUpload, content_type: str) -> Stored:
        upload.add(first)
        while True:
            buffer = self._fill(source, self.buffers.take(self.deadline))
            if not buffer:
                break
            upload.add(buffer)
        parts, sha256 = upload.finish(self.deadline)
        verify.expected(self.download, sum(part.size for part in parts), sha256)
        try:  # if an earlier try completed it, or its answer was lost, `verify` compares the object
            with suppress(UploadGoneError):
                self.objects.complete(self.key, upload.upload_id, parts=parts)
        except ObjectExistsError:
            cleanup.abort_until_gone(self.objects, self.clock, self.key, upload.upload_id)
        return self._verified(self.objects.head(self.key), parts, sha256, content_type)

    def _fill(self, source: Source, buffer: bytearray) -> bytearray:
        with memoryview(buffer) as view:
            size = source.fill(view)
        return buffer if size == len(buffer) else buffer[:size]  # not resized: a failed request may still read it

    def _record_upload(self, upload_id: str, size: int | None) -> None:
        download, now = self.download, self.clock.now()
        if not self.downloads.begin_upload(
            download.execution_arn, upload_id=upload_id, size=size, first_byte_at=download.first_byte_at, now=now
        ):
            raise StoppedError("The download was stopped.")

    def _metadata(self) -> dict[str, str]:
        return {cleanup.OWNER: self.download.download_id}

    def _verified(self, head: ObjectHead | None, parts: list[Part], sha256: str, content_type: str) -> Stored:
        return verify.stored(
            head,
            key=self.key,
            download_id=self.download.download_id,
            size=sum(part.size for part in parts),
            digest=crc32.digest(parts),
            content_type=content_type,
            sha256=sha256,
        )
