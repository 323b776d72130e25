"""What a cold start pays for: the time to import each handler beside a bare `import boto3`, and the size of its bundle.

A bundle has no bytecode, and Lambda's own boto3 has: so each handler is imported from its unpacked bundle, in a fresh
process that writes none.
"""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from async_download.bundle import runtime_archive
from async_download.specs import FUNCTIONS
from pulumi import FileAsset

from benchmarks.report import Figure

RIVAL = "boto3"
MOST_KB = 100.0
TIMED = "import time; began = time.perf_counter(); import {module}; print(time.perf_counter() - began)"


def figures(rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Medians of so many fresh processes each, handlers and rival in turn; the second is all values."""
    with TemporaryDirectory() as folder:
        bundles = {key: unpack(key, Path(folder, key)) for key in FUNCTIONS}
        seconds: dict[str, list[float]] = {key: [] for key in (RIVAL, *FUNCTIONS)}
        for number in range(rounds + 1):
            for key in seconds:
                module = key if key == RIVAL else f"runtime.handlers.{key}"
                taken = imported(module, Path(folder, next(iter(FUNCTIONS)) if key == RIVAL else key))
                if number:  # the first brings files into the system's cache
                    seconds[key].append(taken)
    times = {key: median(values) * 1000 for key, values in seconds.items()}
    slowest = max(FUNCTIONS, key=lambda key: times[key])
    largest = max(bundles, key=lambda key: bundles[key])
    found = [
        Figure(f"import of {slowest}, the slowest", times[slowest], times[RIVAL], 1.15, False, "ms", "import boto3"),
        Figure(f"bundle of {largest}, the largest", bundles[largest], MOST_KB, 1, False, "KB", "the limit"),
    ]
    rounded = {key: round(value, 1) for key, value in times.items()}
    return found, {"import_ms": rounded, "bundle_kb": {key: round(size, 1) for key, size in bundles.items()}}


def unpack(key: str, folder: Path) -> float:
    """Write the files of a function's bundle; says how many KB it has as a zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, asset in runtime_archive(key).assets.items():
            assert isinstance(asset, FileAsset)
            archive.write(asset.path, name)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    return len(packed.getvalue()) / 1000


def imported(module: str, folder: Path) -> float:
    """Seconds that a fresh process takes to import a module."""
    code = TIMED.format(module=module)
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return float(done.stdout)
