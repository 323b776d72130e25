"""Names and opens `FILE.part` and `FILE.part.json`, so that nothing else is written in their place."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

from async_download_client.errors import FileError

JOURNAL_SUFFIX = ".json"
_NAME_BYTES, _SHORT_NAME_BYTES = 255, 143  # 143: of encrypted file systems, some of which do not say so
_MAX_ATTEMPTS = 5
_FLAGS = (
    os.O_RDWR
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def part_paths(target: Path) -> tuple[Path, ...]:
    """Return the possible paths of a target's `.part` file, the next one for when the system refuses the first."""
    try:
        limit = os.pathconf(target.parent, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):
        limit = _NAME_BYTES
    names = (_part_name(target.name, limit), _part_name(target.name, _SHORT_NAME_BYTES))
    return tuple(target.with_name(name) for name in dict.fromkeys(names))


def journal_of(part: Path) -> Path:
    """Return the path of the journal of a `.part` file."""
    return part.with_name(f"{part.name}{JOURNAL_SUFFIX}")


def has_journal(target: Path) -> bool:
    """Return True if an interrupted download left a journal."""
    try:
        return any(journal_of(part).is_file() for part in part_paths(target))
    except OSError:
        return False


def open_state_file(path: Path, mode: int, flags: int = 0, owners: tuple[int, ...] = ()) -> int:
    """Open a `.part` file or journal, or create it with `mode`; links are not followed.

    Raises:
        FileError: in its place is something that this user's download has not left.
    """
    for _ in range(_MAX_ATTEMPTS):
        try:
            return os.open(path, _FLAGS | flags | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            pass
        try:
            check_state_file(path, os.lstat(path), owners)
            descriptor = os.open(path, _FLAGS | flags)
        except FileNotFoundError:  # another download has just removed it
            continue
        try:
            check_state_file(path, os.fstat(descriptor), owners)
        except FileError:
            os.close(descriptor)
            raise
        return descriptor
    raise FileError(f"{path} cannot be created.")


def check_state_file(path: Path, status: os.stat_result, owners: tuple[int, ...] = ()) -> None:
    """Raise FileError unless this is a file with one name that this user, or one of `owners`, owns."""
    reason = None
    if stat.S_ISLNK(status.st_mode):
        reason = "is a link"
    elif not stat.S_ISREG(status.st_mode):
        reason = "is not a file"
    elif status.st_nlink > 1:
        reason = "has another name (a hard link)"
    elif hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), *owners, _owner_of_new_files(path, status)):
        reason = "belongs to another user"
    if reason:
        raise FileError(f"{path} {reason}, so it is not what an interrupted download left: move it away.")


def _owner_of_new_files(path: Path, status: os.stat_result) -> int:
    """Return the user that new files in this folder get; some network file systems give all files to one user."""
    if status.st_uid == os.geteuid():
        return status.st_uid
    probe = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        descriptor = os.open(probe, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return os.geteuid()
    try:
        probe.unlink()
        return os.fstat(descriptor).st_uid
    finally:
        os.close(descriptor)


def _part_name(name: str, limit: int) -> str:
    """Return the name of the `.part` file; a name that leaves no room is cut, and has a hash of the whole name."""
    room = limit - len(JOURNAL_SUFFIX)
    if len(os.fsencode(name)) + len(".part") <= room:
        return f"{name}.part"
    suffix = f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}.part"
    kept = os.fsencode(name)[: max(room - len(suffix), 0)]
    return kept.decode(sys.getfilesystemencoding(), "ignore") + suffix
