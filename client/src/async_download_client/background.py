"""An iterator over the events that work in another thread reports to a callback."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator

from async_download_client.events import Event
from async_download_client.stop import StopSignal

_JOIN_TIMEOUT_SECONDS = 5.0


def iterate(work: Callable[[Callable[[Event], object], StopSignal], None]) -> Generator[Event, None, None]:
    """Run `work(on_event, stop)` in a thread, yield its events and raise its error; closing the iterator stops it."""
    events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
    stop = StopSignal()

    def run() -> None:
        try:
            work(events.put, stop)
        except BaseException as error:
            events.put(error)
        else:
            events.put(None)

    thread = threading.Thread(target=run, name="async-download", daemon=True)
    thread.start()
    try:
        while (event := events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        stop.set()
        thread.join(_JOIN_TIMEOUT_SECONDS)
