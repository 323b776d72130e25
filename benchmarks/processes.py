"""Runs programs and measures their time, memory and processor time."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_EVERY = 0.02
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class Run:
    """The seconds and the peak memory of a program; None on systems without /proc."""

    seconds: float
    peak_rss_kb: int | None


def run(
    command: Sequence[str],
    text: str = "",
    *,
    environment: Mapping[str, str] | None = None,
    reader: Sequence[str] | None = None,
) -> Run:
    """Run a program with a text on stdin; a failure ends the benchmark.

    `reader` is a command that reads its output, as behind `|`; without one, the output is dropped. The time is that
    until both have ended.
    """
    stdout = subprocess.PIPE if reader else subprocess.DEVNULL
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, text=True, env=environment)
    reading = subprocess.Popen(reader, stdin=process.stdout, stdout=subprocess.DEVNULL) if reader else None
    if process.stdout:
        process.stdout.close()  # the reader has it
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(text)
    with _PeakMemory(process.pid) as memory:
        failed = process.wait() or (reading and reading.wait())
        seconds = time.perf_counter() - began
    if failed:
        raise SystemExit(f"{command[0]} ended with {process.returncode}.")
    return Run(seconds, memory.kb)


class _PeakMemory:
    """Samples the peak memory of a process, in `kb`; None if it could not be read."""

    def __init__(self, pid: int) -> None:
        self.kb: int | None = None
        self._pid, self._ended = pid, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(_EVERY):
            self.kb = high_water_mark(self._pid) or self.kb


def high_water_mark(pid: int) -> int | None:
    """Return VmHWM of a process in KB; None if it has ended, or on systems without /proc."""
    try:
        lines = (_PROC / f"{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(values[0]) if values else None


def is_installed(program: str) -> bool:
    """Return True if the program is on the PATH."""
    return any(os.access(Path(folder) / program, os.X_OK) for folder in os.get_exec_path())


def reports_processor_time() -> bool:
    """Return True if this machine reports the processor time of other processes."""
    return _PROC.joinpath("self/stat").exists()


def processor_seconds(port: int) -> float:
    """Return the seconds so far of this process and its ended children, of the emulator at a port and its workers."""
    ours = os.times()
    total = ours.user + ours.system + ours.children_user + ours.children_system
    marks = (f"GATEWAY_PORT={port}\0".encode(), f"AWS_ENDPOINT_URL=http://127.0.0.1:{port}\0".encode())
    for process in _PROC.glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has ended, or belongs to another user
            continue
        if any(mark in environment for mark in marks):
            total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total
