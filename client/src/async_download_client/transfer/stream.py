"""A stream, such as a pipe: bytes go out in order, from one lane, and cannot be taken back."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import BinaryIO, Self

from async_download_client.errors import FileError, StoppedError
from async_download_client.models import Ready
from async_download_client.transfer.segments import Segment, Segments, segment_bytes

__all__ = ["Stream"]


class Stream:
    """Writes to `out`, which the caller closes; a context manager, as `Part` is."""

    restartable = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._open = True

    def key_for(self, _: str) -> str:
        """An Idempotency-Key that holds for this try only."""
        return str(uuid.uuid4())

    def ordered(self) -> None:
        """The order was taken."""

    def adopt(self, ready: Ready, _: Callable[[int], None]) -> Segments:
        """Be this file; nothing of it is there."""
        return Segments(ready.size, segment_bytes(ready.size) if ready.etag else max(ready.size, 1))

    def restart(self, ready: Ready) -> Segments:
        """Begin again, in one stretch; only while nothing has gone out."""
        return Segments(ready.size, ready.size)

    def write(self, _: int, data: bytes) -> None:
        """Write what comes next; raises FileError, and BrokenPipeError when nobody reads any more."""
        if not self._open:
            raise StoppedError
        try:
            view = memoryview(data)
            while view and (count := self._out.write(view)):  # raw streams may take less
                view = view[count:]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise FileError(f"The output cannot be written: {error.strerror or error}.") from None
        self._digest.update(data)

    def note(self, segment: Segment) -> None:
        """Nothing is resumed."""

    def sha256(self, _: Callable[[int], None]) -> str:
        """Of all that went out."""
        return self._digest.hexdigest()

    def commit(self, _: int) -> None:
        """Everything went out."""
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
