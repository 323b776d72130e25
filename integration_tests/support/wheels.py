"""The wheels that tests install: those of `--wheels`, or ones that are built from the sources."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import async_download
import async_download_admin
import async_download_client
import pytest

from tools.release.packages import PACKAGES, TOP, Package
from tools.release.requirements import uv

_folders: dict[str, Path] = {}


def select_folder(folder: Path | None) -> None:
    """Take wheels from a folder; the packages that the tests import have to be installed from wheels, too.

    Raises:
        pytest.UsageError: a wheel is missing, or a package is imported from the sources.
    """
    if folder is None:
        return
    for package in PACKAGES:
        if not list(folder.glob(f"{package.file_name}-*.whl")):
            raise pytest.UsageError(f"--wheels: there is no wheel of {package.name} in {folder}: run `make dist`.")
    for module in (async_download, async_download_admin, async_download_client):
        if "site-packages" not in str(module.__file__):
            raise pytest.UsageError(f"--wheels: {module.__name__} is imported from the sources: use `make test-dist`.")
    _folders["wheels"] = folder.resolve()


def wheel(package: Package) -> Path:
    """Return the wheel of a package from the folder of `--wheels`, or build it from the sources."""
    folder = _folders.get("wheels") or _build(package)
    (path,) = folder.glob(f"{package.file_name}-[0-9]*.whl")
    return path


@cache
def _build(package: Package) -> Path:
    folder = Path(mkdtemp(prefix="wheels-"))
    command = [uv(), "build", "--quiet", "--wheel", "--package", package.name, "--out-dir", str(folder)]
    subprocess.run(command, cwd=TOP, check=True)
    return folder
