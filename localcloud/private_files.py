"""Files and directories that only this user can read, whatever the umask is."""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO


def create_directory(path: Path) -> None:
    """Create a directory with mode 0700, and its parents; an existing one stays as it is."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)


def open_log(path: Path) -> BinaryIO:
    """Open a new, empty file with mode 0600 in place of an existing one.

    Raises:
        OSError: It cannot be replaced or created.
    """
    path.unlink(missing_ok=True)  # do not write to a file or link that another user has put there
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "wb")


def write_whole(path: Path, text: str) -> None:
    """Write a file with mode 0600, so that a reader finds the old content or all of the new one."""
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
