"""The asyncio client: every call runs in a thread of its own, so nothing blocks the loop.

async with AsyncClient("https://….execute-api.eu-central-1.amazonaws.com/v1") as client:
    async for event in client.events("2026/q3.csv", Path("q3.csv")):
        print(event)
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack, cast

from async_download_client.client import Client, ClientOptions, GetOptions, OnEvent, Target
from async_download_client.events import Event
from async_download_client.stop import StopSignal
from async_download_client.tasks import call_in_loop, run_stoppable

P = ParamSpec("P")
R = TypeVar("R")


def _in_thread(
    method: Callable[Concatenate[Client, P], R],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, R]]:
    """Return a coroutine method that runs a method of `Client` in a thread and `on_event` in the loop."""

    @functools.wraps(method)
    async def call(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> R:
        stop = cast(StopSignal | None, kwargs.get("stop")) or StopSignal()
        kwargs["stop"] = stop
        if on_event := cast(OnEvent | None, kwargs.get("on_event")):
            kwargs["on_event"] = call_in_loop(on_event)
        return await run_stoppable(lambda: method(self._client, *args, **kwargs), stop)

    return call


class AsyncClient:
    """A `Client` whose methods are coroutines; arguments, results and errors are the same.

    Cancelling a task stops its transfer; the next call resumes it. `on_event` may be a coroutine function: it runs in
    the loop, and the download waits for it.
    """

    def __init__(self, api_url: str, **options: Unpack[ClientOptions]) -> None:
        self._client = Client(api_url, **options)

    request = _in_thread(Client.request)
    status = _in_thread(Client.status)
    cancel = _in_thread(Client.cancel)
    wait = _in_thread(Client.wait)
    fetch = _in_thread(Client.fetch)
    get = _in_thread(Client.get)

    async def events(
        self, path: str | None, target: Target, **options: Unpack[GetOptions]
    ) -> AsyncGenerator[Event, None]:
        """Run `get` and yield its events; closing the iterator stops the download."""
        events: asyncio.Queue[Event | None] = asyncio.Queue()

        async def run() -> None:
            try:
                await self.get(path, target, on_event=events.put_nowait, **options)
            finally:
                events.put_nowait(None)

        task = asyncio.create_task(run())
        try:
            while (event := await events.get()) is not None:
                yield event
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
