"""Build or install the implementations of `make test-parity`, each once for its pins: `python -m tools.parity.build`.

Prints a line for each. Where the machine lacks Go or Python 3.13 the line says so, and the tests that need it are
skipped. A build that fails for another reason ends this with exit code 1.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tools.parity.implementations import FOLDER, HERE, IMPLEMENTATIONS, TOP, GoProgram, PythonPackage
from tools.parity.prerequisites import MissingPrerequisiteError, find_go, find_python

UV = TOP / ".tools" / "bin" / "uv"


def main() -> int:
    """Build what is missing; return the exit code."""
    failed = False
    for implementation in IMPLEMENTATIONS:
        try:
            build(implementation)
        except MissingPrerequisiteError as missing:
            outcome = f"skipped. {missing}"
        except (OSError, subprocess.CalledProcessError) as error:
            outcome, failed = f"could not be built: {error}", True
        else:
            outcome = "ready"
        sys.stdout.write(f"{implementation.name} {implementation.version}: {outcome}\n")
        sys.stdout.flush()
    return int(failed)


def build(implementation: GoProgram | PythonPackage) -> None:
    """Build or install it unless that was done for the same pins.

    Raises:
        MissingPrerequisiteError: this machine has no Go, or no Python 3.13.
        CalledProcessError: the build failed; its own output says why.
    """
    if is_ready(implementation):
        return
    if isinstance(implementation, GoProgram):
        _build_program(implementation)
    else:
        _install_package(implementation)
    _stamp(implementation).write_text(_pins_hash(implementation), encoding="utf-8")


def is_ready(implementation: GoProgram | PythonPackage) -> bool:
    """Return whether it was built for the current pins."""
    stamp = _stamp(implementation)
    return (
        implementation.executable.is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8") == _pins_hash(implementation)
    )


def _build_program(program: GoProgram) -> None:
    go = find_go(HERE)
    program.executable.parent.mkdir(parents=True, exist_ok=True)
    _run(
        [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(program.executable), program.package],
        cwd=HERE,
        environment={"CGO_ENABLED": "0"},
    )


def _install_package(package: PythonPackage) -> None:
    python = find_python()
    environment = package.executable.parents[1]
    _run([str(UV), "venv", "--quiet", "--clear", "--python", python, str(environment)])
    pins = [argument for file in package.pins for argument in ("--requirements", str(file))]
    _run([str(UV), "pip", "install", "--quiet", "--python", str(package.executable), "--require-hashes", *pins])


def _run(command: list[str], *, cwd: Path | None = None, environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, cwd=cwd, env=os.environ | (environment or {}), check=True)


def _stamp(implementation: GoProgram | PythonPackage) -> Path:
    return FOLDER / f"{implementation.executable.relative_to(FOLDER).as_posix().replace('/', '-')}.pins"


def _pins_hash(implementation: GoProgram | PythonPackage) -> str:
    digest = hashlib.sha256()
    for file in implementation.pins:
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
