"""Runs programs and measures their time and memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.02


@dataclass(frozen=True)
class Run:
    """The seconds and the peak memory of a program; None on systems without /proc."""

    seconds: float
    peak_rss_kb: int | None


def run(command: Sequence[str], text: str = "") -> Run:
    """Run a program with a text on stdin; a failure ends the benchmark."""
    began, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(text)
    while process.poll() is None:
        peak = max(peak, high_water_mark(process.pid) or 0)
        time.sleep(_EVERY)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}.")
    return Run(time.perf_counter() - began, peak or None)


def high_water_mark(pid: int) -> int | None:
    """Return VmHWM of a process in KB; None if it has ended, or on systems without /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(values[0]) if values else None


def is_installed(program: str) -> bool:
    """Return True if the program is on the PATH."""
    return any(os.access(Path(folder) / program, os.X_OK) for folder in os.get_exec_path())
