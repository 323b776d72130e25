"""Blocking work in a thread of its own, awaited by a coroutine that can be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from collections.abc import Callable
from typing import TypeVar

from async_download_client.events import Event
from async_download_client.stop import StopSignal

_JOIN_TIMEOUT_SECONDS = 5.0
T = TypeVar("T")


def call_in_loop(on_event: Callable[[Event], object]) -> Callable[[Event], object]:
    """Return a function for other threads that runs the callback in this loop and waits until it has returned."""
    loop = asyncio.get_running_loop()

    async def call(event: Event) -> None:
        result = on_event(event)
        if inspect.isawaitable(result):
            await result

    return lambda event: asyncio.run_coroutine_threadsafe(call(event), loop).result()


async def run_stoppable(work: Callable[[], T], stop: StopSignal) -> T:
    """Return the work's result; cancelling the caller sets `stop` and gives the work 5 seconds to end."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    result.add_done_callback(lambda ended: ended.exception())  # after a cancellation nothing else retrieves it

    def run() -> None:
        try:
            value = work()
        except BaseException as caught:
            error = caught
            _call(loop, lambda: result.set_exception(error))
        else:
            _call(loop, lambda: result.set_result(value))

    threading.Thread(target=run, name="async-download", daemon=True).start()
    try:
        return await asyncio.shield(result)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({result}, timeout=_JOIN_TIMEOUT_SECONDS)
        raise


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(function)
