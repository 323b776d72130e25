"""The runtime's dependencies point one way, and leave the standard library only for botocore."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtime"
MODULES = sorted(RUNTIME.rglob("*.py"))
HANDLERS = sorted(
    path.stem for path in (RUNTIME / "handlers").glob("*.py") if path.stem not in ("__init__", "boundary")
)
SHARED = {f"runtime.{name}" for name in ("errors", "models", "ports", "log", "backoff", "parallel")} | {"runtime"}
ROOMS = ("requests", "ending", "slices", "copying", "sockets", "origin")


def imports_of(path: Path) -> Iterator[str]:
    """The absolute names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            for alias in node.names:
                below = ROOT / module.replace(".", "/") / alias.name
                is_module = below.with_suffix(".py").exists() or below.is_dir()
                yield f"{module}.{alias.name}" if is_module else module


def ours(path: Path) -> set[str]:
    """The modules of the runtime that a file imports."""
    return {name for name in imports_of(path) if name.split(".")[0] == "runtime"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_standard_library_and_botocore(path: Path) -> None:
    """Lambda's runtime ships botocore; nothing else is there."""
    roots = {name.split(".")[0] for name in imports_of(path)}
    assert roots <= {*sys.stdlib_module_names, "runtime", "botocore"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_import_arrow(path: Path) -> None:
    """Handlers -> logic -> ports <- adapters; botocore in adapters only."""
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
    assert {name for name in ours(path) if not name.startswith(allowed)} <= SHARED
    if layer != "adapters":
        assert not any(name.split(".")[0] in ("boto3", "botocore") for name in imports_of(path))


@pytest.mark.parametrize("room", ROOMS)
def test_the_folders_of_logic_import_one_way(room: str) -> None:
    """A module imports from its own folder and from those that follow it in `ROOMS`."""
    paths = sorted((RUNTIME / "logic" / room).glob("*.py"))
    assert len(paths) > 1
    allowed = tuple(f"runtime.logic.{name}." for name in ROOMS[ROOMS.index(room) :])
    for path in paths:
        logic = {name for name in ours(path) if name.startswith("runtime.logic")}
        assert {name for name in logic if not f"{name}.".startswith(allowed)} == set(), path.name


def test_every_module_of_logic_is_in_a_folder() -> None:
    assert {path.parent.name for path in (RUNTIME / "logic").rglob("*.py")} == {"logic", *ROOMS}
    assert [path.name for path in (RUNTIME / "logic").glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("path", sorted((RUNTIME / "logic").rglob("*.py")), ids=lambda path: path.stem)
def test_logic_touches_no_clock_and_no_network(path: Path) -> None:
    """Time and sockets come through ports, so that every schedule can be tested."""
    assert not {"time", "socket", "ssl", "http.client", "urllib.request", "os", "subprocess"} & set(imports_of(path))


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_needs_no_environment_to_be_imported(name: str) -> None:
    """What is missing is said at the first call, by name, not by a failing import."""
    assert callable(importlib.import_module(f"runtime.handlers.{name}").handler)


@pytest.mark.parametrize(("version", "fits"), [("1.35.99", False), ("0.99.1", False), ("1.36.0", True), ("2.0", True)])
def test_a_botocore_that_is_too_old_is_told_at_once(version: str, fits: bool) -> None:
    """A function's layers may bring one that knows no checksums of whole objects."""
    code = f"import botocore; botocore.__version__ = {version!r}; import runtime.adapters.objects"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == fits, done.stderr
    assert fits or f"ConfigError: botocore 1.36 or newer is needed, and this is {version}" in done.stderr


def test_a_cold_start_loads_neither_boto3_nor_what_the_handler_does_not_need() -> None:
    """Imports are paid for by the client that waits."""
    code = "import sys, runtime.handlers.connect; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert "boto3" not in loaded
    assert "runtime.logic.requests.connect" in loaded
    assert "runtime.logic.copying.copy" not in loaded
    assert "runtime.adapters.objects" not in loaded


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_address_is_taken_from_an_event(path: Path) -> None:
    """An event's domain may be a custom one, where no socket is posted to, and its caller may choose its Host."""
    assert not re.search(r"domainName|domain_name|[\"']host[\"']", path.read_text(), re.IGNORECASE)
