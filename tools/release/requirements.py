"""What the published packages need at run time, as uv exports it from uv.lock in CycloneDX format."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.release.packages import TOP, Package, ReleaseError

Document = dict[str, Any]


@dataclass(frozen=True)
class RequiredPackage:
    """A package that another one needs, or needs with one of its extras only."""

    name: str
    version: str
    optional: bool


def uv() -> str:
    """Return the path of uv.

    Raises:
        ReleaseError: there is none.
    """
    installed = TOP / ".tools" / "bin" / "uv"
    path = str(installed) if installed.exists() else shutil.which("uv")
    if not path:
        raise ReleaseError("There is no uv: run `make setup`.")
    return path


@cache
def export_packages(package: Package, extras: bool, top: Path = TOP) -> str:
    """Return what uv exports for a package without development dependencies, as JSON.

    Raises:
        ReleaseError: uv failed.
    """
    options = ["--format", "cyclonedx1.5", "--preview-features", "sbom-export", "--no-default-groups"]
    options += ["--all-extras"] if extras else []
    command = [uv(), "export", "--quiet", "--frozen", *options, "--package", package.name]
    ended = subprocess.run(command, cwd=top, capture_output=True, encoding="utf-8", check=False)
    if ended.returncode:
        raise ReleaseError(f"uv cannot export what {package.name} needs: {ended.stderr.strip()}")
    return ended.stdout


def document(package: Package, extras: bool, top: Path = TOP) -> Document:
    """Return what uv exports for a package; `extras` adds what only its extras need."""
    content: Document = json.loads(export_packages(package, extras, top))
    return content


def required_packages(package: Package, top: Path = TOP) -> list[RequiredPackage]:
    """Return everything that a package needs, by name."""
    always = {item["name"] for item in document(package, extras=False, top=top)["components"]}
    items = document(package, extras=True, top=top)["components"]
    required = [RequiredPackage(item["name"], item["version"], item["name"] not in always) for item in items]
    return sorted(required, key=lambda item: item.name)
