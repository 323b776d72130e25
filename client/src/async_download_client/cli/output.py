"""Prints: results on stdout, which must not be lost, and progress on stderr, which may be."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from async_download_client.errors import FileError
from async_download_client.writing import write_all


def prepare_streams() -> None:
    """Make stdout and stderr safe: closed ones are not taken by the next file, unknown characters are escaped."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # the shell has closed it; the lowest free descriptor is this one, and writing to it fails
            os.open(os.devnull, os.O_RDONLY)
    if sys.stderr is None:  # print(file=None) would print to stdout
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process runs
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def finish_streams() -> None:
    """Drop buffered text that cannot be written: Python would try it again at the exit, and end with code 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _discard(stream)


def print_result(text: str, end: str = "\n") -> None:
    """Print a line on stdout; raises FileError if it cannot be written."""
    if not text:
        return
    if sys.stdout is None:
        raise FileError("stdout is closed.")
    try:
        _write(sys.stdout, text + end)
    except (OSError, ValueError) as error:
        _discard(sys.stdout)
        raise FileError(f"stdout cannot be written: {getattr(error, 'strerror', None) or error}.") from None


def print_progress(text: str) -> None:
    """Print a line on stderr, or drop it if stderr cannot be written."""
    with contextlib.suppress(OSError, ValueError):
        _write(sys.stderr, f"{text}\n")


class LossyStream:
    """A text stream whose failed writes are dropped; all else is that of `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or drop the text."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or drop the text."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _write(stream: TextIO, text: str) -> None:
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):  # replaced by a stream without a descriptor
        stream.write(text)
        stream.flush()
        return
    stream.flush()
    data = text.encode(stream.encoding or "utf-8", "backslashreplace")
    with open(descriptor, "wb", buffering=0, closefd=False) as raw:  # keeps nothing in a buffer when a write fails
        write_all(raw, data)


def _discard(stream: TextIO) -> None:
    """Let the buffered text of a stream go to nowhere, so that Python does not fail to write it at the exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
