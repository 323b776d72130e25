"""`FILE.part.json`: what is known of `FILE.part`, one JSON object a line, the latest holds.

It has neither ticket nor URL: the order that it remembers is a hash, and the Idempotency-Key opens nothing by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from async_download_client.errors import FileError

try:
    import fcntl
except ImportError:  # Windows: two downloads to one file are not kept apart there
    fcntl = None  # type: ignore[assignment]

__all__ = ["Journal"]

_VERSION = 1


class Journal:
    """Open and locked until `close`; raises FileError when somebody else has it."""

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.order: str | None = None
        self.key: str | None = None
        self.object: Mapping[str, object] | None = None
        self.segment_bytes = 0
        self.progress: dict[int, tuple[int, int]] = {}
        self._path = path
        self._file = _locked(path)
        try:
            self._open(resume=resume)
        except OSError:
            os.close(self._file)
            raise

    def _open(self, *, resume: bool) -> None:
        if resume and self._read():
            return
        os.ftruncate(self._file, 0)
        self.order = self.key = self.object = None
        self.progress = {}
        self._append({"version": _VERSION})

    def remember(self, order: str, key: str) -> None:
        """The order was or will be sent under this Idempotency-Key."""
        self._append({"order": order, "key": key})

    def forget_order(self) -> None:
        """The next try has to order anew."""
        if self.order:
            self._append({"order": None, "key": None})

    def begin(self, thing: Mapping[str, object], segment_bytes: int) -> None:
        """From now on it is this object, of which nothing is there."""
        self._append({"object": thing, "segmentBytes": segment_bytes})

    def note(self, segment: int, count: int, crc: int) -> None:
        """So many bytes of a segment are in the file, and their CRC-32."""
        self._append({"segment": segment, "bytes": count, "crc32": crc})

    def close(self, *, remove: bool) -> None:
        """Let go of it."""
        if remove:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._file)

    def _read(self) -> bool:
        """Take in what it says; False when it was not written by this version."""
        try:
            with self._path.open("rb") as file:
                lines = file.read().split(b"\n")
            if lines[-1]:  # cut off by a crash
                os.write(self._file, b"\n")
            known = [entry for line in lines if (entry := _entry(line))]
            if not known or known[0].get("version") != _VERSION:
                return False
            for entry in known:
                self._take(entry)
        except (KeyError, TypeError, ValueError):
            return False
        return True

    def _append(self, entry: Mapping[str, object]) -> None:
        self._take(entry)
        os.write(self._file, json.dumps(entry, separators=(",", ":")).encode() + b"\n")

    def _take(self, entry: Mapping[str, object]) -> None:
        if "order" in entry:
            order, key = entry["order"], entry["key"]
            self.order, self.key = (str(order), str(key)) if order else (None, None)
        elif "object" in entry:
            thing, length = entry["object"], entry["segmentBytes"]
            if not isinstance(thing, dict) or not isinstance(length, int) or length < 1:
                raise ValueError("no object")
            self.object, self.segment_bytes, self.progress = thing, length, {}
        elif "segment" in entry:
            index, count, crc = (int(str(entry[name])) for name in ("segment", "bytes", "crc32"))
            self.progress[index] = count, crc


def _entry(line: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except ValueError:  # the line that a crash cut off
        return None
    return value if isinstance(value, dict) else None


def _locked(path: Path) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if not _lock(file):
            os.close(file)
            raise FileError(f"{path.name.removesuffix('.json')} is being written by another download.")
        if path.exists() and path.stat().st_ino == os.fstat(file).st_ino:
            return file
        os.close(file)  # whoever had it removed it meanwhile


def _lock(file: int) -> bool:
    """Lock it, where the system and the file system can; False when somebody else has it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have no locks
        return True
    return True
