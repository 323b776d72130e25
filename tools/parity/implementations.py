"""The implementations of `make test-parity`: their versions, pinned beside this module, and where they are built.

A new version: Go programs in `go.mod` (`go get MODULE@VERSION && go mod tidy`), Python packages in `requirements/*.in`
(`uv pip compile --python python3.13 --generate-hashes --no-header --no-annotate FILE.in -o FILE.txt`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
FOLDER = TOP / ".tools" / "parity"


@dataclass(frozen=True)
class GoProgram:
    """A program that is built from the Go module proxy; `module` is pinned in `go.mod`."""

    name: str
    module: str
    command: str

    @property
    def version(self) -> str:
        """The pinned version, without its `v`."""
        return _only_match(rf"^\t{re.escape(self.module)} v(\S+)$", HERE / "go.mod")

    @property
    def package(self) -> str:
        """The package that `go build` gets."""
        return f"{self.module}/cmd/{self.command}"

    @property
    def executable(self) -> Path:
        """The built program."""
        return FOLDER / "bin" / self.command

    @property
    def pins(self) -> tuple[Path, ...]:
        """The files that decide what is built."""
        return HERE / "go.mod", HERE / "go.sum"


@dataclass(frozen=True)
class PythonPackage:
    """A package in a virtual environment of its own, on Python 3.13; pinned in `requirements/{folder}.in`."""

    name: str
    package: str
    folder: str

    @property
    def version(self) -> str:
        """The pinned version."""
        return _only_match(rf"^{re.escape(self.package)}(?:\[\S+\])?==(\S+)$", HERE / f"requirements/{self.folder}.in")

    @property
    def executable(self) -> Path:
        """The interpreter of its environment."""
        return FOLDER / self.folder / "bin" / "python"

    @property
    def pins(self) -> tuple[Path, ...]:
        """The files that decide what is installed."""
        return (HERE / "requirements" / f"{self.folder}.txt",)


VERSITYGW = GoProgram("versitygw", "github.com/versity/versitygw", "versitygw")
EMULATOR = GoProgram(
    "Lambda Runtime Interface Emulator", "github.com/aws/aws-lambda-runtime-interface-emulator", "aws-lambda-rie"
)
STEP_FUNCTIONS = PythonPackage("LocalStack Step Functions", "localstack-core", "step_functions")
LAMBDA_CLIENT = PythonPackage("awslambdaric", "awslambdaric", "lambda_runtime")
MOTO = PythonPackage("moto server", "moto", "dynamodb")
IMPLEMENTATIONS: tuple[GoProgram | PythonPackage, ...] = (VERSITYGW, EMULATOR, STEP_FUNCTIONS, LAMBDA_CLIENT, MOTO)


def _only_match(pattern: str, file: Path) -> str:
    matches = re.findall(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    if len(matches) != 1:
        raise ValueError(f"{file} has {len(matches)} lines that match {pattern}, not one.")
    return str(matches[0])
