"""Work with a callback, as an iterator."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator

from async_download_client.events import Event
from async_download_client.stop import Stop

__all__ = ["iterate"]

_LEAVE_WITHIN = 5.0


def iterate(work: Callable[[Callable[[Event], object], Stop], None]) -> Generator[Event, None, None]:
    """Run `work(tell, stop)` in a thread of its own, yield what it tells, raise what it raises; closing stops it."""
    told: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
    stop = Stop()

    def run() -> None:
        try:
            work(told.put, stop)
        except BaseException as error:
            told.put(error)
        else:
            told.put(None)

    thread = threading.Thread(target=run, name="async-download", daemon=True)
    thread.start()
    try:
        while (event := told.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        stop.set()
        thread.join(_LEAVE_WITHIN)
