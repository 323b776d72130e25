"""A signal that stops a running call from another thread or task."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from async_download_client.errors import StoppedError


class StopSignal:
    """Ends the calls that it was passed to: after `set` they raise StoppedError. It cannot be reset.

    A call that is opening a connection ends at the latest when the connection attempt times out.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._hooks: dict[int, Callable[[], object]] = {}
        self._count = 0

    def set(self) -> None:
        """Stop the calls; may be called from any thread."""
        with self._lock:
            self._event.set()
            hooks, self._hooks = list(self._hooks.values()), {}
        for hook in hooks:
            _call_hook(hook)

    def is_set(self) -> bool:
        """Return True once `set` was called."""
        return self._event.is_set()

    def raise_if_set(self) -> None:
        """Raise StoppedError once `set` was called."""
        if self._event.is_set():
            raise StoppedError

    def sleep(self, seconds: float) -> None:
        """Sleep; raises StoppedError as soon as `set` is called."""
        if self._event.wait(seconds):
            raise StoppedError

    @contextlib.contextmanager
    def on_stop(self, hook: Callable[[], object]) -> Iterator[None]:
        """Call `hook` when the signal is set within this context; the hook has to interrupt a blocking call."""
        with self._lock:
            self._count += 1
            key = self._count
            self._hooks[key] = hook
            already_set = self._event.is_set()
        if already_set:
            _call_hook(hook)
        try:
            yield
        finally:
            with self._lock:
                self._hooks.pop(key, None)


def _call_hook(hook: Callable[[], object]) -> None:
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # the blocking call has ended and closed its socket
        hook()
