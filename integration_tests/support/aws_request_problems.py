"""Collect the requests of tests, functions and the stand-in provider that AWS would refuse."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from localcloud import aws_request_checks

FILE = Path(tempfile.gettempdir()) / f"request-problems-{os.getpid()}"  # exists only after a problem in a child process


def environment() -> dict[str, str]:
    """Return the environment that makes an emulator's functions and a plugin of Pulumi check their requests."""
    return aws_request_checks.child_environment(FILE)


def collect() -> list[str]:
    """Return the problems since the last call, of this process and its children."""
    problems = {*aws_request_checks.problems, *(FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else ())}
    aws_request_checks.problems.clear()
    FILE.unlink(missing_ok=True)
    return sorted(problems)
