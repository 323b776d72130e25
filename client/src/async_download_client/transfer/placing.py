"""Gives a complete `.part` file the name of its target, which keeps its mode and owner."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from async_download_client.errors import FileError
from async_download_client.transfer.state_files import check_state_file
from async_download_client.writing import UNSUPPORTED, sync, write_all

_BLOCK_BYTES = 1 << 20
_CANNOT_RENAME = (errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES, *UNSUPPORTED)  # EBUSY: a mount point


def status_of(path: Path) -> os.stat_result | None:
    """Return the status of a path without following a link, or None if nothing is there."""
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def place(part: Path, target: Path, written: os.stat_result, *, durable: bool) -> None:
    """Rename `part` to `target`, or copy it into `target` where a rename fails or would change mode, owner or ACL.

    `written` is the status of the file that was written and verified as `part`. With `durable`, the name or the copy
    is synced to the disk.

    Raises:
        FileError: the target is no file any more, or the `.part` file was replaced.
        OSError: the target cannot be written.
    """
    old = status_of(target)
    if old and not stat.S_ISREG(old.st_mode):
        raise FileError(f"{target} was replaced by something that is not a file.")
    status = os.lstat(part)
    check_state_file(part, status, (old.st_uid,) if old else ())
    if not os.path.samestat(status, written):
        raise FileError(f"{part} was replaced while it was downloaded.")
    if (old is None or _take_over(part, target, old)) and _rename(part, target):
        if durable:
            _sync_directory(target.parent)
        return
    _copy(part, target, exists=old is not None, durable=durable)
    with contextlib.suppress(OSError):  # of a folder that has become read-only
        part.unlink()


def _take_over(part: Path, target: Path, old: os.stat_result) -> bool:
    """Give the `.part` file mode and owner of the target; returns False if that is not possible."""
    if not hasattr(os, "fchown"):
        return True
    if _has_access_list(target):
        return False
    mode = stat.S_IMODE(old.st_mode) & 0o777
    descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        with contextlib.suppress(OSError):
            status = os.fstat(descriptor)
            if (status.st_uid, status.st_gid) != (old.st_uid, old.st_gid):
                os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fchmod(descriptor, mode)
        status = os.fstat(descriptor)
        return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (old.st_uid, old.st_gid, mode)
    finally:
        os.close(descriptor)


def _has_access_list(path: Path) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(path, follow_symlinks=False)
    except (AttributeError, OSError):  # only Linux has listxattr
        return False


def _rename(part: Path, target: Path) -> bool:
    try:
        part.replace(target)
    except OSError as error:
        if error.errno in _CANNOT_RENAME:
            return False
        raise
    return True


def _copy(part: Path, target: Path, *, exists: bool, durable: bool) -> None:
    """Write the bytes of `part` into `target`."""
    flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(target, flags if exists else flags | os.O_CREAT | os.O_EXCL, 0o666)
    with part.open("rb") as source, os.fdopen(descriptor, "wb", buffering=0) as destination:
        _reserve(descriptor, os.fstat(source.fileno()).st_size)
        while block := source.read(_BLOCK_BYTES):
            write_all(destination, block)
        destination.truncate()
        if durable:
            sync(descriptor)


def _reserve(descriptor: int, size: int) -> None:
    """Raise OSError if the disk has no space for `size` bytes, before the old bytes are overwritten."""
    old_size = os.fstat(descriptor).st_size
    try:
        os.posix_fallocate(descriptor, 0, size)
    except AttributeError:  # Windows has none
        return
    except OSError as error:
        os.ftruncate(descriptor, old_size)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise


def _sync_directory(directory: Path) -> None:
    """Sync the rename to the disk, on systems that can open a directory."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
