"""A stream, such as a pipe or a device, as the destination of a file: written in order and never rewound."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import uuid
from collections.abc import Callable
from typing import Any, BinaryIO, Self

from async_download_client.errors import FileError, StoppedError
from async_download_client.models import ReadyFile
from async_download_client.transfer.segments import Segment, Segments
from async_download_client.writing import sync, widen_pipe, write_all

_MIN_BYTES_OF_WIDE_PIPE = 16 << 20  # a small file would fit, and it would not be noticed that its reader has ended


class OutputStream:
    """Writes to `stream`, which the caller closes; a context manager, like `PartFile`."""

    is_restartable = False

    def __init__(self, stream: BinaryIO, name: str = "The output") -> None:
        self._stream, self._name = stream, name
        self._digest: Any = None
        self._open = True

    def idempotency_key(self, _: str) -> str:
        """Return a new Idempotency-Key, as a download to a stream cannot be resumed."""
        return str(uuid.uuid4())

    def mark_requested(self) -> None:
        """Do nothing: a stream keeps no state."""

    def start(self, file: ReadyFile, _: int, with_sha256: bool, __: Callable[[int], None]) -> Segments:
        """Return one empty segment for the whole file."""
        self._digest = hashlib.sha256() if with_sha256 else None
        if file.size >= _MIN_BYTES_OF_WIDE_PIPE:
            widen_pipe(self._stream)
        return Segments(file.size, max(file.size, 1))

    def restart(self, file: ReadyFile) -> Segments:
        """Return one empty segment for the whole file; only before the first byte was written."""
        return Segments(file.size, file.size)

    def write(self, _: int, data: memoryview) -> None:
        """Write the next bytes; raises FileError."""
        self._check_open()
        try:
            write_all(self._stream, data, self._check_open)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            raise self._error(error) from None
        if self._digest:
            self._digest.update(data)

    def record(self, segment: Segment) -> None:
        """Do nothing: a stream keeps no state."""

    def sha256(self, _: Callable[[int], None]) -> str:
        """Return the SHA-256 of all written bytes, in hex."""
        return str(self._digest.hexdigest())

    def commit(self, _: int) -> None:
        """Flush the stream."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise self._error(error) from None

    def _check_open(self) -> None:
        if not self._open:
            raise StoppedError

    def _error(self, error: Exception) -> FileError:
        if isinstance(error, BrokenPipeError):
            return FileError(f"{self._name} cannot be written: its reader has closed it.")
        return FileError(f"{self._name} cannot be written: {getattr(error, 'strerror', None) or error}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False


class OutputDescriptor(OutputStream):
    """Writes straight to a descriptor, and closes it: a device, a FIFO, or a file beside which none can be made."""

    def __init__(self, descriptor: int, name: str, *, truncate: bool = False, durable: bool = False) -> None:
        self._raw = open(descriptor, "wb", buffering=0)  # noqa: SIM115 - closed in __exit__
        super().__init__(self._raw, name)
        self._truncate, self._durable = truncate, durable

    def start(self, file: ReadyFile, workers: int, with_sha256: bool, on_checked: Callable[[int], None]) -> Segments:
        """Return one empty segment for the whole file; an existing file loses its bytes only now."""
        if self._truncate:
            try:
                self._raw.truncate(0)
            except OSError as error:
                raise self._error(error) from None
        return super().start(file, workers, with_sha256, on_checked)

    def commit(self, _: int) -> None:
        """Sync a file or a disk, if that was asked for; pipes and other devices cannot be synced."""
        try:
            if self._durable:
                sync(self._raw.fileno())
        except OSError as error:
            raise self._error(error) from None

    def __exit__(self, *arguments: object) -> None:
        super().__exit__(*arguments)
        with contextlib.suppress(OSError):
            self._raw.close()


def open_fifo(path: str, flags: int, wait: Callable[[], object]) -> int:
    """Open a FIFO for writing as soon as it has a reader; `wait` is called between the attempts."""
    while True:
        try:
            return os.open(path, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        wait()
