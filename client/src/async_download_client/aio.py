"""The same for asyncio: every call runs in a thread of its own, so nothing blocks the loop.

async with AsyncClient("https://….execute-api.eu-central-1.amazonaws.com/v1") as client:
    async for event in client.events("2026/q3.csv", Path("q3.csv")):
        print(event)
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Self, TypeVar

from async_download_client.auth import Auth
from async_download_client.client import Client, Target
from async_download_client.events import Event, Saved, Verified
from async_download_client.models import Download, Ready, Status
from async_download_client.stop import Stop
from async_download_client.timing import Timing

__all__ = ["AsyncClient", "AsyncOnEvent"]

AsyncOnEvent = Callable[[Event], Awaitable[object] | object]
_LEAVE_WITHIN = 5.0
T = TypeVar("T")


class AsyncClient:
    """As `Client`, and with the same arguments.

    Cancelling a task stops what it waits for, and leaves what came so far for a later try. Callbacks may be coroutine
    functions; they run in the loop, and the download waits for them.
    """

    def __init__(
        self,
        api_url: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        timing: Timing | None = None,
        parallel: int = 8,
        limit_rate: int | None = None,
    ) -> None:
        self._client = Client(
            api_url,
            auth=auth,
            headers=headers,
            timeout=timeout,
            timing=timing,
            parallel=parallel,
            limit_rate=limit_rate,
        )

    async def request(
        self,
        path: str | None = None,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Download:
        """Ask for a file; answers at once."""
        return await _run(
            lambda stop: self._client.request(
                path, origin, file_name, sha256, idempotency_key=idempotency_key, stop=stop
            )
        )

    async def status(self, download: Download) -> Status:
        """How far a download is."""
        return await _run(lambda stop: self._client.status(download, stop=stop))

    async def cancel(self, download: Download) -> None:
        """Stop a download in the stack."""
        await _run(lambda stop: self._client.cancel(download, stop=stop))

    async def wait(
        self, download: Download, on_event: AsyncOnEvent | None = None, timeout: float | None = None
    ) -> Ready:
        """Wait until the file can be fetched."""
        tell = _in_loop(on_event)
        return await _run(lambda stop: self._client.wait(download, tell, timeout, stop=stop))

    async def fetch(
        self,
        ready: Ready,
        target: Target,
        *,
        on_event: AsyncOnEvent | None = None,
        sha256: str | None = None,
        resume: bool = True,
    ) -> Verified:
        """Download the file and verify it."""
        tell = _in_loop(on_event)
        return await _run(
            lambda stop: self._client.fetch(ready, target, on_event=tell, sha256=sha256, resume=resume, stop=stop)
        )

    async def get(
        self,
        path: str | None,
        target: Target,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        *,
        on_event: AsyncOnEvent | None = None,
        timeout: float | None = None,
        resume: bool = True,
    ) -> Saved:
        """Request, wait and fetch."""
        tell = _in_loop(on_event)
        return await _run(
            lambda stop: self._client.get(
                path, target, origin, file_name, sha256, on_event=tell, timeout=timeout, resume=resume, stop=stop
            )
        )

    async def events(
        self,
        path: str | None,
        target: Target,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        *,
        timeout: float | None = None,
        resume: bool = True,
    ) -> AsyncGenerator[Event, None]:
        """`get`, as an iterator of its events; closing the iterator stops the download."""
        told: asyncio.Queue[Event | None] = asyncio.Queue()

        async def run() -> None:
            try:
                await self.get(
                    path, target, origin, file_name, sha256, on_event=told.put_nowait, timeout=timeout, resume=resume
                )
            finally:
                told.put_nowait(None)

        task = asyncio.create_task(run())
        try:
            while (event := await told.get()) is not None:
                yield event
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _in_loop(on_event: AsyncOnEvent | None) -> Callable[[Event], object] | None:
    """The callback, to be called from another thread; waits until the loop has run it."""
    if on_event is None:
        return None
    loop = asyncio.get_running_loop()

    async def call(event: Event) -> None:
        result = on_event(event)
        if inspect.isawaitable(result):
            await result

    return lambda event: asyncio.run_coroutine_threadsafe(call(event), loop).result()


async def _run(work: Callable[[Stop], T]) -> T:
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
