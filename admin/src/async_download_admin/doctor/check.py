"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The results that a check may have."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """A result: what is the case, and what to do about it, or what would enable a skipped check."""

    status: Status
    text: str
    action: str | None = None


def ok(text: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(Status.OK, text)


def warning(text: str, action: str) -> Finding:
    """Return the finding that something will be slow or lost under load."""
    return Finding(Status.WARNING, text, action)


def failed(text: str, action: str) -> Finding:
    """Return the finding that something fails."""
    return Finding(Status.FAILED, text, action)


def skipped(text: str, action: str) -> Finding:
    """Return the finding that there is nothing to check, or that it cannot be checked."""
    return Finding(Status.SKIPPED, text, action)
