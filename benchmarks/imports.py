"""What a cold start pays for: the time to import each handler beside a bare `import boto3`, and the size of its bundle.

Processor time in fresh processes, handlers and rival in turn. Lambda's own boto3 has bytecode and a bundle has none: so
each handler is imported both ways, compiled as its rival is and as Lambda has to compile it.
"""

from __future__ import annotations

import compileall
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
MOST_SHARE = 1.15
TIMED = "import time; began = time.process_time(); import {module}; print(time.process_time() - began)"


def figures(rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Medians of so many fresh processes each; the second is all values."""
    with TemporaryDirectory() as folder:
        bare, compiled = Path(folder, "bare"), Path(folder, "compiled")
        bundles = {key: max(unpack(key, where / key) for where in (bare, compiled)) for key in FUNCTIONS}
        compileall.compile_dir(compiled, quiet=1)
        seconds: dict[str, list[float]] = {}
        for number in range(rounds + 1):
            for name, module, where in _contest(bare, compiled):
                taken = imported(module, where)
                if number:  # the first brings files into the system's cache
                    seconds.setdefault(name, []).append(taken)
    times = {name: median(values) * 1000 for name, values in seconds.items()}
    largest = max(bundles, key=lambda key: bundles[key])
    found = [
        _slowest("compiled", times),
        _slowest("bare", times),
        Figure(f"bundle of {largest}, the largest", bundles[largest], MOST_KB, 1, False, "KB", "the limit"),
    ]
    rounded = {name: round(value, 1) for name, value in times.items()}
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
    """Seconds of the processor that a fresh process takes to import a module; it writes no bytecode."""
    code = TIMED.format(module=module)
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _contest(bare: Path, compiled: Path) -> list[tuple[str, str, Path]]:
    """Name, module and folder of each."""
    described = [(RIVAL, RIVAL, bare)]
    for key in FUNCTIONS:
        described += [(f"{key}, {where.name}", f"runtime.handlers.{key}", where / key) for where in (compiled, bare)]
    return described


def _slowest(kind: str, times: dict[str, float]) -> Figure:
    name = max((name for name in times if name.endswith(kind)), key=lambda name: times[name])
    return Figure(f"import of {name}", times[name], times[RIVAL], MOST_SHARE, False, "ms", "import boto3")
