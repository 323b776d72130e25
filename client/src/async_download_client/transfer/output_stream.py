"""A stream, such as a pipe, as the destination of a file: written in order by one worker, and never rewound."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import BinaryIO, Self

from async_download_client.errors import FileError, StoppedError
from async_download_client.models import ReadyFile
from async_download_client.transfer.segments import Segment, Segments, segment_bytes


class OutputStream:
    """Writes to `stream`, which the caller closes; a context manager, like `PartFile`."""

    is_restartable = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._open = True

    def idempotency_key(self, _: str) -> str:
        """Return a new Idempotency-Key, as a download to a stream cannot be resumed."""
        return str(uuid.uuid4())

    def mark_requested(self) -> None:
        """Do nothing: a stream keeps no state."""

    def start(self, file: ReadyFile, _: Callable[[int], None]) -> Segments:
        """Return the file's segments, all empty."""
        return Segments(file.size, segment_bytes(file.size) if file.etag else max(file.size, 1))

    def restart(self, file: ReadyFile) -> Segments:
        """Return one empty segment for the whole file; only before the first byte was written."""
        return Segments(file.size, file.size)

    def write(self, _: int, data: bytes) -> None:
        """Write the next bytes; raises FileError, and BrokenPipeError when the reader has closed the pipe."""
        if not self._open:
            raise StoppedError
        try:
            view = memoryview(data)
            while view and (count := self._stream.write(view)):  # a raw stream may write less than all
                view = view[count:]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise FileError(f"The output cannot be written: {error.strerror or error}.") from None
        self._digest.update(data)

    def record(self, segment: Segment) -> None:
        """Do nothing: a stream keeps no state."""

    def sha256(self, _: Callable[[int], None]) -> str:
        """Return the SHA-256 of all written bytes, in hex."""
        return self._digest.hexdigest()

    def commit(self, _: int) -> None:
        """Flush the stream."""
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
