"""Decides in the emulator's process which call meets a fault, and records each fault.

The process that runs the load writes a control file with seed, duration and start. Without it there are no faults.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from integration_tests.load.schedule import Schedule

_DOWNLOAD = re.compile(r"(?:execution:[^:\"]+:|downloads/|\"ticket\": \")([0-9a-f]{32})")
_CONTROL_SECONDS = 0.2  # between two looks at the control file


def control_file(record_file: Path) -> Path:
    """Return the control file that belongs to a file of records."""
    return record_file.with_suffix(".control")


def start_faults(record_file: Path, seed: int, seconds: float) -> None:
    """Start to inject faults, for some seconds from now."""
    text = json.dumps({"seed": seed, "seconds": seconds, "began": time.time()})
    temporary = control_file(record_file).with_suffix(".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(control_file(record_file))


def find_download(text: str) -> str | None:
    """Return the id of a download in a text: the ARN of an execution, the key of an object, or a ticket in JSON."""
    match = _DOWNLOAD.search(text)
    return match[1] if match else None


class Injector:
    """Draws faults from the schedule; threads and tasks share it."""

    def __init__(self, record_file: Path) -> None:
        self._control = control_file(record_file)
        self._file = record_file.open("a", buffering=1, encoding="utf-8")  # until the process ends
        self._lock = threading.Lock()
        self._generator = random.Random(0)
        self._schedule: Schedule | None = None
        self._began = 0.0
        threading.Thread(target=self._watch, daemon=True, name="fault-control").start()

    def draw(self, kinds: Iterable[str]) -> str | None:
        """Return the fault of this call, None for most calls."""
        schedule, second = self._schedule, time.time() - self._began
        if schedule is None:
            return None
        with self._lock:
            return next((kind for kind in kinds if self._generator.random() < schedule.rate(kind, second)), None)

    def uniform(self, shortest: float, longest: float) -> float:
        """Return a random number of seconds."""
        with self._lock:
            return self._generator.uniform(shortest, longest)

    def record(self, kind: str, target: str, download: str | None) -> None:
        """Record an injected fault with the call that it hit, and the id of its download if it names one."""
        fault: dict[str, Any] = {"time": time.time(), "fault": kind, "target": target, "download": download}
        with self._lock:
            self._file.write(json.dumps(fault) + "\n")

    def _watch(self) -> None:
        while not self._control.exists():
            time.sleep(_CONTROL_SECONDS)
        control = json.loads(self._control.read_text(encoding="utf-8"))
        with self._lock:
            self._generator = random.Random(control["seed"])
        self._began = control["began"]
        self._schedule = Schedule(control["seed"], control["seconds"])
