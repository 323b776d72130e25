"""The commands: each takes a stack and typed arguments, and returns a `Result`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """The result of a command: for programs, for people, and the exit code."""

    content: object
    text: str
    exit_code: int = 0
