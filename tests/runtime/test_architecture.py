"""Imports of the runtime point one way, and leave the standard library only for botocore."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import botocore
import pytest

from runtime.errors import ConfigError

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtime"
MODULES = sorted(RUNTIME.rglob("*.py"))
HANDLERS = sorted(
    path.stem for path in (RUNTIME / "handlers").glob("*.py") if path.stem not in ("__init__", "boundary")
)
SHARED = {
    f"runtime.{name}" for name in ("errors", "models", "ports", "log", "steps", "metrics", "backoff", "parallel")
} | {"runtime"}
ROOMS = ("requests", "ending", "slices", "copying", "sockets", "origin")


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Return the absolute names of the modules that a file imports."""
    return tuple(_imports_of(path))


def _imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            for alias in node.names:
                submodule = ROOT / module.replace(".", "/") / alias.name
                is_module = submodule.with_suffix(".py").exists() or submodule.is_dir()
                yield f"{module}.{alias.name}" if is_module else module


def runtime_imports_of(path: Path) -> set[str]:
    """Return the modules of the runtime that a file imports."""
    return {name for name in imports_of(path) if name.split(".")[0] == "runtime"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_only_the_standard_library_and_botocore(path: Path) -> None:
    """Lambda's runtime ships botocore and nothing else."""
    roots = {name.split(".")[0] for name in imports_of(path)}
    assert roots <= {*sys.stdlib_module_names, "runtime", "botocore"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_layers(path: Path) -> None:
    """Handlers import logic, logic and adapters import ports; only adapters import botocore."""
    layer = path.relative_to(RUNTIME).parts[0]
    allowed = {
        "handlers": (
            "runtime.logic",
            "runtime.adapters",
            "runtime.config",
            "runtime.handlers.boundary",
            "runtime.handlers.shared",
        ),
        "logic": ("runtime.logic",),
        "adapters": ("runtime.adapters",),
    }.get(layer, ())
    assert {name for name in runtime_imports_of(path) if not name.startswith(allowed)} <= SHARED
    if layer != "adapters":
        assert not any(name.split(".")[0] in ("boto3", "botocore") for name in imports_of(path))


@pytest.mark.parametrize("room", ROOMS)
def test_the_folders_of_logic_import_one_way(room: str) -> None:
    """A module imports from its own folder and from those that follow it in `ROOMS`."""
    paths = sorted((RUNTIME / "logic" / room).glob("*.py"))
    assert len(paths) > 1
    allowed = tuple(f"runtime.logic.{name}." for name in ROOMS[ROOMS.index(room) :])
    for path in paths:
        logic = {name for name in runtime_imports_of(path) if name.startswith("runtime.logic")}
        assert {name for name in logic if not f"{name}.".startswith(allowed)} == set(), path.name


def test_every_module_of_logic_is_in_a_folder() -> None:
    assert {path.parent.name for path in (RUNTIME / "logic").rglob("*.py")} == {"logic", *ROOMS}
    assert [path.name for path in (RUNTIME / "logic").glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("path", sorted((RUNTIME / "logic").rglob("*.py")), ids=lambda path: path.stem)
def test_logic_imports_no_clock_and_no_network(path: Path) -> None:
    """Time and sockets come through ports, so that every order of events can be tested."""
    assert not {"time", "socket", "ssl", "http.client", "urllib.request", "os", "subprocess"} & set(imports_of(path))


@pytest.mark.parametrize("name", HANDLERS)
def test_handler_can_be_imported_without_environment(name: str) -> None:
    """A missing variable is named at the first call."""
    assert callable(importlib.import_module(f"runtime.handlers.{name}").handler)


@pytest.mark.parametrize(("version", "fits"), [("1.35.99", False), ("0.99.1", False), ("1.36.0", True), ("2.0", True)])
def test_old_botocore_is_refused_at_import(monkeypatch: pytest.MonkeyPatch, version: str, fits: bool) -> None:
    """A layer may bring a botocore that knows no checksums of whole objects."""
    monkeypatch.setattr(botocore, "__version__", version)
    refusal = pytest.raises(ConfigError, match=f"botocore 1.36 or newer is needed, and this is {version}")
    with nullcontext() if fits else refusal:
        runpy.run_path(str(RUNTIME / "adapters" / "aws.py"))


def test_cold_start_imports_only_what_the_handler_needs() -> None:
    """Imports are a large part of a cold start."""
    code = "import sys, runtime.handlers.connect; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert "boto3" not in loaded
    assert "runtime.logic.requests.connect" in loaded
    assert "runtime.logic.copying.copy" not in loaded
    assert "runtime.adapters.objects" not in loaded


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_address_is_taken_from_an_event(path: Path) -> None:
    """The domain of an event may be a custom one, to which no message can be posted; a caller chooses Host."""
    assert not re.search(r"domainName|domain_name|[\"']host[\"']", path.read_text(encoding="utf-8"), re.IGNORECASE)
