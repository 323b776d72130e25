"""Runs a handler in a fresh process that handles events one after the other, like Lambda.

`python -m benchmarks.worker HANDLER SECONDS` reads a JSON list of events and prints `{"answers", "peak_kb"}`.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from localcloud.invoke import Context

STATUS = Path("/proc/self/status")


def run(handler: str, events: Sequence[Mapping[str, object]], env: Mapping[str, str]) -> tuple[list[Any], int]:
    """Return the handler's answers to the events, and the peak KB of its process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker", handler, "900"],
        input=json.dumps(events),
        env={"PATH": os.environ.get("PATH", ""), **env},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    return result["answers"], result["peak_kb"]


def main(handler: str, seconds: str) -> None:
    """Handle the events on standard input."""
    events = json.load(sys.stdin)
    work = importlib.import_module(f"runtime.handlers.{handler}").handler
    answers = [work(event, Context(handler, handler, "1024", float(seconds))) for event in events]
    lines = dict(line.split(":", 1) for line in STATUS.read_text(encoding="utf-8").splitlines())
    print(json.dumps({"answers": answers, "peak_kb": int(lines["VmHWM"].split()[0])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
