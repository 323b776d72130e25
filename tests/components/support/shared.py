"""Deployments that the workers of a test run share: what one of them has deployed, the others read from a file."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

T = TypeVar("T")


def load_or_create(folder: Path | None, key: str, create: Callable[[], T]) -> T:
    """Return the deployment with this key from the folder, else create it and write it there.

    Nothing is shared without a folder, nor with a key that contains the address of an object in this process.
    """
    if folder is None or " at 0x" in key:
        return create()
    file = folder / hashlib.sha256(key.encode()).hexdigest()
    if file.exists():
        return cast(T, pickle.loads(file.read_bytes()))  # noqa: S301 - written by a worker of this run
    created = create()
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(pickle.dumps(created))
    unfinished.replace(file)  # so that no worker reads a part
    return created
