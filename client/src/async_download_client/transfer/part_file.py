"""`FILE.part`: filled in any order, resumed, and renamed to its target when it is complete."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import threading
import uuid
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
from async_download_client.transfer.crc32 import crc32
from async_download_client.transfer.journal import Journal
from async_download_client.transfer.placing import place, status_of
from async_download_client.transfer.segments import Segment, Segments, segment_bytes
from async_download_client.transfer.state_files import check_state_file, journal_of, open_state_file, part_paths
from async_download_client.writing import sync

_BLOCK_BYTES = 1 << 20
_OBJECT_GONE = (404, 409, 410)


@contextlib.contextmanager
def file_errors(name: str) -> Iterator[None]:
    """Turn an error of the system into a FileError that names the target."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL or half a surrogate pair in the name
        raise FileError(f"{name} cannot be written: {getattr(error, 'strerror', None) or error}.") from None


class PartFile:
    """The `.part` file of a target and its journal, as a context manager.

    They are kept for a later call when a download is interrupted, and removed when the bytes are corrupt.
    """

    is_restartable = True

    def __init__(self, target: Path, *, resume: bool = True, durable: bool = False, name: str = "") -> None:
        """Open the journal of `target`; `name` is how messages call the target.

        With `durable`, `commit` syncs the file to the disk.

        Raises:
            FileError: another download has the target, or something else is in the place of its `.part` file.
            OSError: the folder cannot be written.
        """
        self._target, self._name, self._durable = target, name or str(target), durable
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._size = 0
        self._requested = False
        self._path, self._journal = _open_journal(target, resume=resume)
        try:
            self._check_part()
        except (FileError, OSError):
            self._journal.close(remove=self._journal.is_new)
            raise

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

    def start(self, file: ReadyFile, workers: int, _: bool, on_checked: Callable[[int], None]) -> Segments:
        """Open the `.part` file and return its segments; bytes on disk count if their CRC-32 is that in the journal."""
        with self._file_errors():
            self._file = self._open_part()
            if file.etag and self._journal.object == file.identity:
                segments = Segments(file.size, self._journal.segment_bytes)
                self._check(segments, on_checked)
            else:
                self._truncate(0)
                length = segment_bytes(file.size, workers) if file.etag else max(file.size, 1)
                self._journal.record_object(file.identity, length)
                segments = Segments(file.size, length)
            self._size = self._file_size()
            missing = file.size - segments.received
            if (free := _free_bytes(self._path.parent)) is not None and free < missing:
                raise FileError(f"{self._name} needs {missing:,} bytes more, and {free:,} are free.")
        return segments

    def restart(self, file: ReadyFile) -> Segments:
        """Drop all bytes and return one segment for the whole file."""
        with self._file_errors():
            self._journal.record_object(file.identity, max(file.size, 1))
        return Segments(file.size, file.size)

    def write(self, position: int, data: memoryview) -> None:
        """Write bytes at a position; raises FileError."""
        with self._lock, self._file_errors():
            if self._file is None:
                raise StoppedError
            self._check_size()
            self._file.seek(position)
            self._size = max(self._size, position + len(data))
            while data:
                data = data[self._file.write(data) :]

    def record(self, segment: Segment) -> None:
        """Record in the journal how many bytes of a segment were written."""
        with self._lock, self._file_errors():
            if self._file is not None:
                self._journal.record_segment(segment.index, segment.count, segment.crc)

    def sha256(self, on_checked: Callable[[int], None]) -> str:
        """Read the file and return its SHA-256 in hex."""
        digest, count = hashlib.sha256(), 0
        with self._file_errors():
            assert self._file is not None
            self._file.seek(0)
            while block := self._file.read(_BLOCK_BYTES):
                digest.update(block)
                count += len(block)
                on_checked(count)
        return digest.hexdigest()

    def commit(self, size: int) -> None:
        """Rename the file, which is complete; an existing target is replaced and keeps mode and owner."""
        with self._lock, self._file_errors():
            assert self._file is not None
            self._check_size()
            self._truncate(size)
            if self._durable:
                sync(self._file.fileno())
            status = os.fstat(self._file.fileno())
            self._file.close()
            self._file = None
            place(self._path, self._target, status, durable=self._durable)

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
            self._journal.close(remove=remove and not os.path.lexists(self._path))

    def _check(self, segments: Segments, on_checked: Callable[[int], None]) -> None:
        """Read the bytes that the journal lists, and drop segments with another CRC-32 or length."""
        assert self._file is not None
        checked = 0
        for segment in segments.all:
            count, expected_crc = self._journal.progress.get(segment.index, (0, 0))
            self._file.seek(segment.start)
            crc, missing = 0, count
            while missing > 0 and (block := self._file.read(min(_BLOCK_BYTES, missing))):
                crc, missing, checked = crc32(block, crc), missing - len(block), checked + len(block)
                on_checked(checked)
            if missing or crc != expected_crc or count > segment.length:
                self._journal.record_segment(segment.index, 0, 0)
            else:
                segment.count = segment.max_count = count
                segment.crc = crc

    def _check_part(self) -> None:
        """Raise FileError if the `.part` file is not one that a download of this user left."""
        if status := status_of(self._path):
            check_state_file(self._path, status, self._owners())
            if self._journal.is_new and status.st_size:
                journal = journal_of(self._path).name
                raise FileError(f"{self._path} exists without {journal}, so no download left it: move it away.")

    def _open_part(self) -> BinaryIO:
        """Open the `.part` file; while it is incomplete nobody else can read what replaces an existing file."""
        exists = status_of(self._target) is not None
        descriptor = open_state_file(self._path, 0o600 if exists else 0o666, owners=self._owners())
        if exists and hasattr(os, "fchmod"):
            with contextlib.suppress(OSError):  # file systems without modes
                os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "r+b", buffering=0)

    def _check_size(self) -> None:
        """Raise FileError if the file is shorter than what was written: later bytes would leave a hole of zeros."""
        if self._file_size() < self._size:
            raise FileError(f"Another program has truncated {self._path}: run the same command again.")

    def _truncate(self, size: int) -> None:
        """Give the file this size, unless it has it: ext4 writes a file back when it is closed after truncate(0)."""
        assert self._file is not None
        if self._file_size() != size:
            self._file.truncate(size)

    def _file_size(self) -> int:
        assert self._file is not None
        return os.fstat(self._file.fileno()).st_size

    def _owners(self) -> tuple[int, ...]:
        """Return the owner of the target, to whom the `.part` file is given before it is renamed."""
        status = status_of(self._target)
        return (status.st_uid,) if status else ()

    def _file_errors(self) -> contextlib.AbstractContextManager[None]:
        return file_errors(self._name)


def _open_journal(target: Path, *, resume: bool) -> tuple[Path, Journal]:
    """Return the path of the `.part` file and its journal, with a short name if the file system takes no other."""
    first, *shorter_paths = part_paths(target)
    try:
        return first, Journal(journal_of(first), resume=resume)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG or not shorter_paths:
            raise
    return shorter_paths[0], Journal(journal_of(shorter_paths[0]), resume=resume)


def _free_bytes(folder: Path) -> int | None:
    """Return the free bytes of a file system, or None if it does not say."""
    try:
        usage = shutil.disk_usage(folder)
    except (OSError, ValueError, OverflowError):
        return None
    return usage.free if usage.total else None
