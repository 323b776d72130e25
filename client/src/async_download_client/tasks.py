"""Blocking work in threads of its own, as coroutines that can be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from async_download_client.events import Event
from async_download_client.stop import Stop

__all__ = ["AsyncOnEvent", "in_loop", "run_stoppable"]

AsyncOnEvent = Callable[[Event], Awaitable[object] | object]
_LEAVE_WITHIN = 5.0
T = TypeVar("T")


def in_loop(on_event: AsyncOnEvent | None) -> Callable[[Event], object] | None:
    """The callback, to be called from another thread; waits until the loop has run it."""
    if on_event is None:
        return None
    loop = asyncio.get_running_loop()

    async def call(event: Event) -> None:
        result = on_event(event)
        if inspect.isawaitable(result):
            await result

    return lambda event: asyncio.run_coroutine_threadsafe(call(event), loop).result()


async def run_stoppable(work: Callable[[Stop], T]) -> T:
    """The work's result; cancelling the caller stops the work, and waits a little until it has ended."""
    loop, stop = asyncio.get_running_loop(), Stop()
    done: asyncio.Future[T] = loop.create_future()
    done.add_done_callback(lambda ended: ended.exception())  # nobody asks after a cancellation

    def run() -> None:
        try:
            result = work(stop)
        except BaseException as error:
            said = error
            _call(loop, lambda: done.set_exception(said))
        else:
            _call(loop, lambda: done.set_result(result))

    threading.Thread(target=run, name="async-download", daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({done}, timeout=_LEAVE_WITHIN)
        raise


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(function)
