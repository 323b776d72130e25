"""`FILE.part`: filled in any order, resumed, and renamed to its target when it is complete."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from async_download_client.errors import (
    CorruptError,
    CredentialsError,
    DownloadFailedError,
    FileError,
    RefusedError,
    StoppedError,
)
from async_download_client.models import ReadyFile
from async_download_client.transfer.journal import Journal
from async_download_client.transfer.segments import Segment, Segments, segment_bytes

_BLOCK_BYTES = 1 << 20
_OBJECT_GONE = (404, 409, 410)


def check_target(target: Path) -> None:
    """Raise FileError unless a file can be created at this path."""
    if target.is_dir():
        raise FileError(f"{target} is a directory; name a file.")
    if not target.parent.is_dir():
        raise FileError(f"There is no directory {target.parent}.")


def journal_path(target: Path) -> Path:
    """Return the path of the journal of a target's `.part` file."""
    return target.with_name(f"{target.name}.part.json")


class PartFile:
    """The `.part` file of a target and its journal, as a context manager.

    They are kept for a later call when a download is interrupted, and removed when the bytes are corrupt.
    """

    is_restartable = True

    def __init__(self, target: Path, *, resume: bool = True) -> None:
        check_target(target)
        self._target, self._path = target, target.with_name(f"{target.name}.part")
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._requested = False
        with self._file_errors():
            self._journal = Journal(journal_path(target), resume=resume)

    def idempotency_key(self, request_digest: str) -> str:
        """Return the Idempotency-Key for a request: that of the interrupted call if it made the same request."""
        self._requested = self._journal.request_digest == request_digest
        if not self._requested:
            with self._file_errors():
                self._journal.record_request(request_digest, str(uuid.uuid4()))
        return str(self._journal.idempotency_key)

    def mark_requested(self) -> None:
        """Keep the Idempotency-Key for later calls, because the API has accepted the request."""
        self._requested = True

    def start(self, file: ReadyFile, on_checked: Callable[[int], None]) -> Segments:
        """Open the `.part` file and return its segments; bytes on disk count if their CRC-32 is that in the journal."""
        with self._file_errors():
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o666))
            self._file = self._path.open("r+b", buffering=0)
            if file.etag and self._journal.object == file.identity:
                segments = Segments(file.size, self._journal.segment_bytes)
                self._check(segments, on_checked)
            else:
                self._file.truncate(0)
                length = segment_bytes(file.size) if file.etag else max(file.size, 1)
                self._journal.record_object(file.identity, length)
                segments = Segments(file.size, length)
            missing = file.size - segments.received
            if (free := shutil.disk_usage(self._path.parent).free) < missing:
                raise FileError(f"{self._target} needs {missing:,} bytes more, and {free:,} are free.")
        return segments

    def restart(self, file: ReadyFile) -> Segments:
        """Drop all bytes and return one segment for the whole file."""
        with self._file_errors():
            self._journal.record_object(file.identity, max(file.size, 1))
        return Segments(file.size, file.size)

    def write(self, position: int, data: bytes) -> None:
        """Write bytes at a position; raises FileError."""
        with self._lock, self._file_errors():
            if self._file is None:
                raise StoppedError
            self._file.seek(position)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    def record(self, segment: Segment) -> None:
        """Record in the journal how many bytes of a segment were written."""
        with self._lock, self._file_errors():
            if self._file is not None:
                self._journal.record_segment(segment.index, segment.count, segment.crc)

    def sha256(self, on_checked: Callable[[int], None]) -> str:
        """Read the file and return its SHA-256 in hex."""
        digest, count = hashlib.sha256(), 0
        with self._file_errors(), self._path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                count += len(block)
                on_checked(count)
        return digest.hexdigest()

    def commit(self, size: int) -> None:
        """Sync the file to the disk and rename it; an existing target is replaced."""
        with self._lock, self._file_errors():
            assert self._file is not None
            self._file.truncate(size)
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            self._path.replace(self._target)
            _sync_directory(self._target.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
            has_ended = isinstance(error, DownloadFailedError) or (
                isinstance(error, RefusedError) and error.status in _OBJECT_GONE
            )
            if has_ended:
                with contextlib.suppress(OSError):
                    self._journal.forget_request()
            has_bytes = any(count for count, _ in self._journal.progress.values())
            is_useless = (
                has_ended or not self._requested or isinstance(error, RefusedError | FileError | CredentialsError)
            )
            remove = kind is None or isinstance(error, CorruptError) or (is_useless and not has_bytes)
            if remove:
                with contextlib.suppress(OSError):
                    self._path.unlink()
            self._journal.close(remove=remove)

    def _check(self, segments: Segments, on_checked: Callable[[int], None]) -> None:
        """Read the bytes that the journal lists, and drop segments with another CRC-32 or length."""
        assert self._file is not None
        checked = 0
        for segment in segments.all:
            count, expected_crc = self._journal.progress.get(segment.index, (0, 0))
            self._file.seek(segment.start)
            crc, missing = 0, count
            while missing > 0 and (block := self._file.read(min(_BLOCK_BYTES, missing))):
                crc, missing, checked = zlib.crc32(block, crc), missing - len(block), checked + len(block)
                on_checked(checked)
            if missing or crc != expected_crc or count > segment.length:
                self._journal.record_segment(segment.index, 0, 0)
            else:
                segment.count = segment.max_count = count
                segment.crc = crc

    @contextlib.contextmanager
    def _file_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{self._target} cannot be written: {error.strerror or error}.") from None


def _sync_directory(directory: Path) -> None:
    """Sync the rename to the disk, on systems that can open a directory."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
