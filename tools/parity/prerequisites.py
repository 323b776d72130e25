"""Go and Python 3.13 on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PYTHON_VERSION = (3, 13)  # of the Lambda functions
_INSPECT = "import sys; print(*sys.version_info[:2])"


class MissingPrerequisiteError(Exception):
    """This machine lacks something; the message says what to install."""


def find_go(module: Path) -> str:
    """Return the path of a Go that can build the module in a folder.

    Raises:
        MissingPrerequisiteError: there is none, or it is too old and cannot fetch the toolchain that `go.mod` names.
    """
    go = shutil.which("go")
    if go is None:
        raise MissingPrerequisiteError("Go is not on the PATH: install it from https://go.dev/dl/.")
    inspected = subprocess.run([go, "env", "GOVERSION"], cwd=module, capture_output=True, text=True, check=False)
    if inspected.returncode:
        raise MissingPrerequisiteError(f"Go is too old for {module / 'go.mod'}: {inspected.stderr.strip()}")
    return go


def find_python() -> str:
    """Return the path of a Python 3.13.

    Raises:
        MissingPrerequisiteError: there is none.
    """
    for candidate in _candidates():
        if _version(candidate) == PYTHON_VERSION:
            return candidate
    raise MissingPrerequisiteError(
        "Python 3.13 was not found: install it, or name one with PYTHON313=/path/to/python3.13."
    )


def _candidates() -> Iterator[str]:
    """Yield interpreters; a shim of pyenv is on the PATH even where its version is not enabled, hence its own ones."""
    if "PYTHON313" in os.environ:
        yield os.environ["PYTHON313"]
        return
    yield sys.executable
    for folder in os.get_exec_path():
        yield str(Path(folder, "python3.13"))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(pyenv.glob("versions/3.13*/bin/python3.13")))
    data = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    yield from (str(path) for path in sorted(data.glob("uv/python/cpython-3.13*/bin/python3.13")))


def _version(interpreter: str) -> tuple[int, ...] | None:
    try:
        answer = subprocess.run([interpreter, "-c", _INSPECT], capture_output=True, text=True, check=True, timeout=30)
        return tuple(int(number) for number in answer.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
