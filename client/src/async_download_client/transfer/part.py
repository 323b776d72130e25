"""`FILE.part`: filled in any order, resumed, and given its name when it is whole."""

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
from async_download_client.models import Ready
from async_download_client.transfer.journal import Journal
from async_download_client.transfer.segments import Segment, Segments, segment_bytes

__all__ = ["Part", "check_target", "journal_of"]

_BLOCK = 1 << 20
_GONE = (404, 409, 410)


def check_target(target: Path) -> None:
    """Raise FileError when no file can be made there."""
    if target.is_dir():
        raise FileError(f"{target} is a directory; name a file.")
    if not target.parent.is_dir():
        raise FileError(f"There is no directory {target.parent}.")


def journal_of(target: Path) -> Path:
    """Where it is noted what is there of a file."""
    return target.with_name(f"{target.name}.part.json")


class Part:
    """A context manager. What broke off stays for a later try, what is corrupt goes."""

    restartable = True

    def __init__(self, target: Path, *, resume: bool = True) -> None:
        check_target(target)
        self._target, self._path = target, target.with_name(f"{target.name}.part")
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._ordered = False
        with self._file_errors():
            self._journal = Journal(journal_of(target), resume=resume)

    def key_for(self, order: str) -> str:
        """The Idempotency-Key to send an order under: the same as last time, if that broke off."""
        self._ordered = self._journal.order == order
        if not self._ordered:
            with self._file_errors():
                self._journal.remember(order, str(uuid.uuid4()))
        return str(self._journal.key)

    def ordered(self) -> None:
        """The order was taken: the key is worth keeping."""
        self._ordered = True

    def adopt(self, ready: Ready, checking: Callable[[int], None]) -> Segments:
        """Be this file, with those bytes that are there already: read again, and held against what was noted."""
        thing = ready.identity
        with self._file_errors():
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o666))
            self._file = self._path.open("r+b", buffering=0)
            if ready.etag and self._journal.object == thing:
                segments = Segments(ready.size, self._journal.segment_bytes)
                self._check(segments, checking)
            else:
                self._file.truncate(0)
                length = segment_bytes(ready.size) if ready.etag else max(ready.size, 1)
                self._journal.begin(thing, length)
                segments = Segments(ready.size, length)
            missing = ready.size - segments.received
            if (free := shutil.disk_usage(self._path.parent).free) < missing:
                raise FileError(f"{self._target} needs {missing:,} bytes more, and {free:,} are free.")
        return segments

    def restart(self, ready: Ready) -> Segments:
        """Begin again, in one stretch."""
        with self._file_errors():
            self._journal.begin(ready.identity, max(ready.size, 1))
        return Segments(ready.size, ready.size)

    def write(self, position: int, data: bytes) -> None:
        """Write bytes where they belong; raises FileError."""
        with self._lock, self._file_errors():
            if self._file is None:
                raise StoppedError
            self._file.seek(position)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    def note(self, segment: Segment) -> None:
        """Write down how much of a segment is there."""
        with self._lock, self._file_errors():
            if self._file is not None:
                self._journal.note(segment.index, segment.count, segment.crc)

    def sha256(self, checking: Callable[[int], None]) -> str:
        """Of all that is there."""
        digest, count = hashlib.sha256(), 0
        with self._file_errors(), self._path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                count += len(block)
                checking(count)
        return digest.hexdigest()

    def commit(self, size: int) -> None:
        """Make it durable and give it its name; an existing file is replaced."""
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
            gone = isinstance(error, DownloadFailedError) or (isinstance(error, RefusedError) and error.status in _GONE)
            if gone:
                with contextlib.suppress(OSError):
                    self._journal.forget_order()
            some = any(count for count, _ in self._journal.progress.values())
            useless = gone or not self._ordered or isinstance(error, RefusedError | FileError | CredentialsError)
            remove = kind is None or isinstance(error, CorruptError) or (useless and not some)
            if remove:
                with contextlib.suppress(OSError):
                    self._path.unlink()
            self._journal.close(remove=remove)

    def _check(self, segments: Segments, checking: Callable[[int], None]) -> None:
        assert self._file is not None
        checked = 0
        for segment in segments.all:
            count, crc = self._journal.progress.get(segment.index, (0, 0))
            self._file.seek(segment.start)
            found, left = 0, count
            while left > 0 and (block := self._file.read(min(_BLOCK, left))):
                found, left, checked = zlib.crc32(block, found), left - len(block), checked + len(block)
                checking(checked)
            if left or found != crc or count > segment.length:
                self._journal.note(segment.index, 0, 0)
            else:
                segment.count = segment.best = count
                segment.crc = crc

    @contextlib.contextmanager
    def _file_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{self._target} cannot be written: {error.strerror or error}.") from None


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
