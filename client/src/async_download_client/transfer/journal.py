"""`FILE.part.json`, the journal of `FILE.part`: one JSON object per line, later lines override earlier ones.

It holds neither ticket nor URL: of the request it has a hash, and an Idempotency-Key alone opens no download.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from async_download_client.errors import FileError
from async_download_client.transfer.state_files import JOURNAL_SUFFIX, open_state_file

try:
    import fcntl
except ImportError:  # Windows has no flock: two downloads to one file are not detected there
    fcntl = None  # type: ignore[assignment]

_VERSION = 1
_START = b'{"version":'
_MAX_ATTEMPTS = 5


class Journal:
    """A journal that is locked until `close`; `is_new` says that there was none.

    Raises:
        FileError: another download holds it, or something else is in its place.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.is_new = not path.exists()
        self.request_digest: str | None = None
        self.idempotency_key: str | None = None
        self.object: Mapping[str, object] | None = None
        self.segment_bytes = 0
        self.progress: dict[int, tuple[int, int]] = {}
        self._path = path
        self._file = _open_locked(path)
        try:
            self._open(resume=resume)
        except (FileError, OSError):
            os.close(self._file)
            raise

    def _open(self, *, resume: bool) -> None:
        if self._read() and resume:
            return
        os.ftruncate(self._file, 0)
        self.request_digest = self.idempotency_key = self.object = None
        self.progress = {}
        self._append({"version": _VERSION})

    def record_request(self, digest: str, idempotency_key: str) -> None:
        """Record the Idempotency-Key of a request before it is sent."""
        self._append({"request": digest, "key": idempotency_key})

    def forget_request(self) -> None:
        """Drop the Idempotency-Key, so that the next call makes a new request."""
        if self.request_digest:
            self._append({"request": None, "key": None})

    def record_object(self, identity: Mapping[str, object], segment_bytes: int) -> None:
        """Record the S3 object that is downloaded, and drop all segments."""
        self._append({"object": identity, "segmentBytes": segment_bytes})

    def record_segment(self, index: int, count: int, crc: int) -> None:
        """Record how many bytes of a segment were written, and their CRC-32."""
        self._append({"segment": index, "bytes": count, "crc32": crc})

    def close(self, *, remove: bool) -> None:
        """Unlock the journal, and remove it if asked to."""
        if remove:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._file)

    def _read(self) -> bool:
        """Apply all entries; returns False for a journal that is damaged or of another version."""
        try:
            os.lseek(self._file, 0, os.SEEK_SET)
            with open(self._file, "rb", closefd=False) as file:
                data = file.read()
            if not _is_journal(data):
                raise FileError(f"{self._path} is not the journal of a download: move it away.")
            lines = data.split(b"\n")
            if lines[-1]:  # a crash cut the last line off
                self._write(b"\n")
            entries = [entry for line in lines if (entry := _parse_entry(line))]
            if not entries or entries[0].get("version") != _VERSION:
                return False
            for entry in entries:
                self._apply(entry)
        except (KeyError, TypeError, ValueError):
            return False
        return True

    def _append(self, entry: Mapping[str, object]) -> None:
        self._apply(entry)
        self._write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]

    def _apply(self, entry: Mapping[str, object]) -> None:
        if "request" in entry:
            digest, key = entry["request"], entry["key"]
            self.request_digest, self.idempotency_key = (str(digest), str(key)) if digest else (None, None)
        elif "object" in entry:
            identity, length = entry["object"], entry["segmentBytes"]
            if not isinstance(identity, dict) or not isinstance(length, int) or length < 1:
                raise ValueError("no object")
            self.object, self.segment_bytes, self.progress = identity, length, {}
        elif "segment" in entry:
            index, count, crc = (int(str(entry[name])) for name in ("segment", "bytes", "crc32"))
            self.progress[index] = count, crc


def _is_journal(data: bytes) -> bool:
    """Return True for a journal, also one that a crash cut off or left with zeros; False for a file of the user."""
    return data.startswith((_START, b"\0")) or _START.startswith(data)


def _parse_entry(line: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # a crash cut this line off
        return None
    return value if isinstance(value, dict) else None


def _open_locked(path: Path) -> int:
    """Open the journal, or create it, and lock it."""
    for _ in range(_MAX_ATTEMPTS):
        file = open_state_file(path, 0o600, os.O_APPEND)
        if not _lock(file):
            os.close(file)
            raise FileError(f"{path.name.removesuffix(JOURNAL_SUFFIX)} is being written by another download.")
        if path.exists() and os.path.samestat(os.lstat(path), os.fstat(file)):
            return file
        os.close(file)  # the download that held it removed it
    raise FileError(f"{path} is replaced again and again.")


def _lock(file: int) -> bool:
    """Lock the file, where the system and the file system can; returns False when another download holds it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have no locks
        return True
    return True
