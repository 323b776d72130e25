"""Measures the import of each handler, compared with `import boto3`, and the size of its bundle.

Processor time in fresh processes, handlers and boto3 in turn. boto3 is compiled, like after its installation. Each
handler is imported twice: compiled like boto3, and from source, like in a bundle.
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
MAX_KB = 100.0
MAX_SHARE = 1.15
TIMED = "import time; began = time.process_time(); import {module}; print(time.process_time() - began)"


def figures(rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Return figures with the medians of `rounds` fresh processes each, and all values."""
    with TemporaryDirectory() as folder:
        source, compiled, cache = Path(folder, "from source"), Path(folder, "compiled"), Path(folder, "cache")
        bundles = {key: max(unpack(key, where / key) for where in (source, compiled)) for key in FUNCTIONS}
        candidates = _candidates(source, compiled)
        for _, module, place in candidates:
            if place.parent != source:
                import_seconds(module, place, cache, compiles=True)
        seconds: dict[str, list[float]] = {name: [] for name, _, _ in candidates}
        for _ in range(rounds):
            for name, module, place in candidates:
                seconds[name].append(import_seconds(module, place, cache))
    times = {name: median(values) * 1000 for name, values in seconds.items()}
    largest = max(bundles, key=lambda key: bundles[key])
    compared = [
        _slowest("compiled", times),
        _slowest("from source", times),
        Figure(f"bundle of {largest}, the largest", bundles[largest], MAX_KB, 1, False, "KB", "the limit"),
    ]
    rounded = {name: round(value, 1) for name, value in times.items()}
    return compared, {"import_ms": rounded, "bundle_kb": {key: round(size, 1) for key, size in bundles.items()}}


def unpack(key: str, folder: Path) -> float:
    """Write the files of a function's bundle, and return the KB of its zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, asset in runtime_archive(key).assets.items():
            assert isinstance(asset, FileAsset)
            archive.write(asset.path, name)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    return len(packed.getvalue()) / 1000


def import_seconds(module: str, folder: Path, cache: Path, *, compiles: bool = False) -> float:
    """Return the processor seconds of an import in a fresh process; `compiles` fills the bytecode cache."""
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


def _candidates(source: Path, compiled: Path) -> list[tuple[str, str, Path]]:
    """Return name, module and folder of boto3 and of each handler, compiled and from source."""
    candidates = [(RIVAL, RIVAL, compiled)]
    for key in FUNCTIONS:
        places = (compiled, source)
        candidates += [(f"{key}, {place.name}", f"runtime.handlers.{key}", place / key) for place in places]
    return candidates


def _slowest(kind: str, times: dict[str, float]) -> Figure:
    name = max((name for name in times if name.endswith(kind)), key=lambda name: times[name])
    return Figure(f"import of {name}", times[name], times[RIVAL], MAX_SHARE, False, "ms", "import boto3")
