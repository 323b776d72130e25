"""Stopping work from outside, from another thread or task."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from async_download_client.errors import StoppedError

__all__ = ["Stop"]


class Stop:
    """A switch that is turned once: `set` makes the call that it was given to end with StoppedError.

    What waits for a server that accepts no connection ends when that times out at the latest.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._hooks: dict[int, Callable[[], object]] = {}
        self._count = 0

    def set(self) -> None:
        """Stop, from any thread."""
        with self._lock:
            self._event.set()
            hooks, self._hooks = list(self._hooks.values()), {}
        for hook in hooks:
            _quietly(hook)

    def is_set(self) -> bool:
        """Whether it was."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise StoppedError when it was."""
        if self._event.is_set():
            raise StoppedError

    def sleep(self, seconds: float) -> None:
        """Sleep, unless stopped."""
        if self._event.wait(seconds):
            raise StoppedError

    @contextlib.contextmanager
    def calls(self, hook: Callable[[], object]) -> Iterator[None]:
        """Within, `set` also calls the hook; it has to wake up whatever blocks."""
        with self._lock:
            self._count += 1
            key = self._count
            self._hooks[key] = hook
            late = self._event.is_set()
        if late:
            _quietly(hook)
        try:
            yield
        finally:
            with self._lock:
                self._hooks.pop(key, None)


def _quietly(hook: Callable[[], object]) -> None:
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # what it would wake up has ended by itself
        hook()
