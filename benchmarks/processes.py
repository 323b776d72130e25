"""Runs programs and measures their time, memory and processor time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.02
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


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
