"""Decides how a target is written: a file by way of `FILE.part`, a device, FIFO or descriptor straight."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from async_download_client.errors import FileError
from async_download_client.transfer.output_stream import OutputDescriptor, OutputStream, open_fifo
from async_download_client.transfer.part_file import PartFile, file_errors

_DESCRIPTOR = re.compile(r"/(?:dev|proc/(self|thread-self|\d+)(?:/task/\d+)?)/fd/(\d{1,9})")
_MAX_LINKS = 40
_NO_NEW_FILES = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)  # ENOENT: in /proc
_FLAGS = os.O_WRONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_target(
    target: str | Path | BinaryIO, *, resume: bool, durable: bool, wait: Callable[[], object]
) -> PartFile | OutputStream:
    """Open a target; `wait` is called every time that a FIFO still has no reader.

    With `durable` a file is synced to the disk when it is complete.

    Raises:
        FileError: it cannot be written, or is something that a download must not replace.
    """
    if not isinstance(target, str | Path):
        return OutputStream(target)
    name = os.fspath(target)
    with file_errors(name):
        path = resolve(name)
        if (descriptor := own_descriptor(path)) is not None:
            return _open_descriptor(descriptor, name, durable=durable)
        status = _status_of(path)
        if status and not stat.S_ISREG(status.st_mode):
            return _open_special(path, status, name, wait, durable=durable)
        if _DESCRIPTOR.fullmatch(path):
            return OutputDescriptor(os.open(path, _FLAGS), name, truncate=True, durable=durable)
        return _open_file(Path(path), name, exists=status is not None, resume=resume, durable=durable)


def resolve(name: str) -> str:
    """Return the path at the end of a target's links; it may not exist. Links of `/dev/fd` are not followed.

    Raises:
        FileError: the name is that of a directory, or empty.
        OSError: a link cannot be followed.
    """
    if not name:
        raise FileError("The name of the file is empty.")
    _check_name(name, name)
    _status_of(name)  # the system may refuse to follow a link that another user left in /tmp
    path = name
    for _ in range(_MAX_LINKS):
        folder, base = os.path.split(path)
        path = os.path.join(os.path.realpath(folder or os.curdir), base)
        if _DESCRIPTOR.fullmatch(path) or not os.path.islink(path):
            _check_name(path, name)
            return path
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def own_descriptor(path: str) -> int | None:
    """Return the number of the descriptor that a resolved path such as `/dev/fd/3` names in this process."""
    match = _DESCRIPTOR.fullmatch(path)
    if match and match[1] in (None, "self", "thread-self", str(os.getpid())):
        return int(match[2])
    return None


def _check_name(path: str, name: str) -> None:
    if os.path.basename(path) in ("", os.curdir, os.pardir):
        raise FileError(f"{name} is a directory; name a file.")


def _status_of(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _open_descriptor(number: int, name: str, *, durable: bool) -> OutputDescriptor:
    """Return a copy of an open descriptor: bytes go to its position, as with a redirection of the shell."""
    if stat.S_ISDIR(os.fstat(number).st_mode):
        raise FileError(f"{name} is a directory; name a file.")
    os.write(number, b"")  # fails for one that is open for reading
    return OutputDescriptor(os.dup(number), name, durable=durable)


def _open_special(
    path: str, status: os.stat_result, name: str, wait: Callable[[], object], *, durable: bool
) -> OutputDescriptor:
    if stat.S_ISDIR(status.st_mode):
        raise FileError(f"{name} is a directory; name a file.")
    if stat.S_ISSOCK(status.st_mode):
        raise FileError(f"{name} is a socket; name a file.")
    is_fifo = stat.S_ISFIFO(status.st_mode)
    descriptor = open_fifo(path, _FLAGS, wait) if is_fifo else os.open(path, _FLAGS)
    if stat.S_IFMT(os.fstat(descriptor).st_mode) != stat.S_IFMT(status.st_mode):
        os.close(descriptor)
        raise FileError(f"{name} was replaced while it was opened.")
    return OutputDescriptor(descriptor, name, durable=durable)


def _open_file(path: Path, name: str, *, exists: bool, resume: bool, durable: bool) -> PartFile | OutputDescriptor:
    if not path.parent.is_dir():
        raise FileError(f"There is no directory {path.parent}.")
    if exists:
        _check_writable(path)
    try:
        return PartFile(path, resume=resume, durable=durable, name=name)
    except OSError as error:
        if not exists or error.errno not in _NO_NEW_FILES:
            raise
    # no file can be made in the folder, but the target can be written
    descriptor = os.open(path, _FLAGS | getattr(os, "O_NOFOLLOW", 0))
    return OutputDescriptor(descriptor, name, truncate=True, durable=durable)


def _check_writable(path: Path) -> None:
    """Raise OSError if an existing file must not be written; a rename would replace it all the same."""
    try:
        os.close(os.open(path, _FLAGS | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)))
    except OSError as error:
        if error.errno != errno.ETXTBSY:  # a program that runs can be replaced
            raise
