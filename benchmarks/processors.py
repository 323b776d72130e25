"""Measures the processor time of all processes that take part in a copy, which does not depend on other load."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def is_possible() -> bool:
    """Return True if this machine reports the processor time of other processes."""
    return PROC.joinpath("self/stat").exists()


def used(port: int) -> float:
    """Return the seconds so far of this process and its ended children, of the emulator at a port and its workers."""
    ours = os.times()
    total = ours.user + ours.system + ours.children_user + ours.children_system
    marks = (f"GATEWAY_PORT={port}\0".encode(), f"AWS_ENDPOINT_URL=http://127.0.0.1:{port}\0".encode())
    for process in PROC.glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended, or belongs to another user
            continue
        if any(mark in environment for mark in marks):
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total
