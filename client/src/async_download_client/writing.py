"""Writes all bytes to a stream: also to pipes that do not block, and to streams that take a part at a time."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import time
from collections.abc import Callable
from typing import BinaryIO

_POLL_SECONDS = 0.1
_PIPE_BYTES = 1 << 20  # the most that Linux allows without privileges, unless it is configured
_MAX_IDLE_SECONDS = 10.0  # of a stream without a descriptor, or one that says that it took 0 bytes

UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EROFS)  # by a file system or device


def write_all(stream: BinaryIO, data: bytes | memoryview, check: Callable[[], object] = lambda: None) -> None:
    """Write all of `data`; `check` is called while the stream takes nothing, and may raise to end that.

    Raises:
        OSError: the stream cannot be written, or took nothing for 10 s although its descriptor is writable.
    """
    view, deadline = memoryview(data), time.monotonic() + _MAX_IDLE_SECONDS
    while view:
        count, is_blocked = _write_some(stream, view)
        view = view[count:]
        if count:
            deadline = time.monotonic() + _MAX_IDLE_SECONDS
            continue
        check()
        if is_blocked and _wait_until_writable(stream):
            deadline = time.monotonic() + _MAX_IDLE_SECONDS
        elif time.monotonic() >= deadline:
            raise OSError(f"it took no bytes for {_MAX_IDLE_SECONDS:.0f} s")


def _write_some(stream: BinaryIO, view: memoryview) -> tuple[int, bool]:
    """Write some bytes; returns their number, and whether the stream would have had to block for more."""
    try:
        count: int | None = stream.write(view)
    except BlockingIOError as error:  # from a buffer over a descriptor that does not block
        return error.characters_written if hasattr(error, "characters_written") else 0, True
    if count is None and not isinstance(stream, io.RawIOBase):  # file-like objects that take all and say nothing
        return len(view), False
    return count or 0, count is None


def _wait_until_writable(stream: BinaryIO) -> bool:
    """Wait up to 0.1 s; returns True if the stream has a descriptor that can be waited for."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        poll.poll(_POLL_SECONDS * 1000)
    except (AttributeError, OSError, ValueError):  # Windows has no poll, io.UnsupportedOperation is a ValueError
        time.sleep(_POLL_SECONDS)
        return False
    return True


def widen_pipe(stream: BinaryIO) -> None:
    """Let a pipe hold as much as Linux allows, so that its reader works meanwhile; does nothing to other streams."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import fcntl  # not on Windows

        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def sync(descriptor: int) -> None:
    """Sync a file to the disk; does nothing for pipes, devices and file systems that cannot be synced."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
