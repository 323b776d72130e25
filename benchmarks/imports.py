"""What a cold start pays for: the time to import each handler beside a bare `import boto3`, and the size of its bundle.

Processor time in fresh processes, handlers and rival in turn. boto3 is compiled, as it is where it is installed. Each
handler is imported both ways: compiled like its rival, and from source, which is what a bundle holds.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from async_download.bundle import runtime_archive
from async_download.functions import FUNCTIONS
from pulumi import FileAsset

from benchmarks.report import Figure

RIVAL = "boto3"
MOST_KB = 100.0
MOST_SHARE = 1.15
TIMED = "import time; began = time.process_time(); import {module}; print(time.process_time() - began)"


def figures(rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Medians of so many fresh processes each; the second is all values."""
    with TemporaryDirectory() as folder:
        source, compiled, cache = Path(folder, "from source"), Path(folder, "compiled"), Path(folder, "cache")
        bundles = {key: max(unpack(key, where / key) for where in (source, compiled)) for key in FUNCTIONS}
        contest = _contest(source, compiled)
        for _, module, where in contest:
            if where.parent != source:
                imported(module, where, cache, compiles=True)
        seconds: dict[str, list[float]] = {name: [] for name, _, _ in contest}
        for _ in range(rounds):
            for name, module, where in contest:
                seconds[name].append(imported(module, where, cache))
    times = {name: median(values) * 1000 for name, values in seconds.items()}
    largest = max(bundles, key=lambda key: bundles[key])
    found = [
        _slowest("compiled", times),
        _slowest("from source", times),
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


def imported(module: str, folder: Path, cache: Path, *, compiles: bool = False) -> float:
    """Seconds of the processor that a fresh process takes to import a module.

    It finds bytecode in the cache, whatever the interpreter's own settings are, and leaves some there if it compiles.
    """
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, *([] if compiles else ["-B"]), "-c", TIMED.format(module=module)],
        cwd=folder,
        env=variables | {"PYTHONPYCACHEPREFIX": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _contest(source: Path, compiled: Path) -> list[tuple[str, str, Path]]:
    """Name, module and folder of each."""
    described = [(RIVAL, RIVAL, compiled)]
    for key in FUNCTIONS:
        described += [(f"{key}, {where.name}", f"runtime.handlers.{key}", where / key) for where in (compiled, source)]
    return described


def _slowest(kind: str, times: dict[str, float]) -> Figure:
    name = max((name for name in times if name.endswith(kind)), key=lambda name: times[name])
    return Figure(f"import of {name}", times[name], times[RIVAL], MOST_SHARE, False, "ms", "import boto3")
