"""Hooks for `before_call` and `after_call` of the fakes."""

from __future__ import annotations

from collections.abc import Callable

Hook = Callable[[str], None]


def run_once_at(operation: str, action: Callable[[], None]) -> Hook:
    """Return a hook that runs `action` at the first call of the operation."""
    actions = [action]

    def hook(called: str) -> None:
        if called == operation and actions:
            actions.pop()()

    return hook


def fail_at(operation: str, error: Exception) -> Hook:
    """Return a hook that raises `error` at every call of the operation."""

    def hook(called: str) -> None:
        if called == operation:
            raise error

    return hook


def fail_once_at(operation: str, error: Exception) -> Hook:
    """Return a hook that raises `error` at the first call of the operation."""

    def fail() -> None:
        raise error

    return run_once_at(operation, fail)
