"""The same for asyncio: every call runs in a thread of its own, so nothing blocks the loop.

async with AsyncClient("https://….execute-api.eu-central-1.amazonaws.com/v1") as client:
    async for event in client.events("2026/q3.csv", Path("q3.csv")):
        print(event)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Self

from async_download_client.auth import Auth
from async_download_client.client import Client, Target
from async_download_client.events import Event, Saved, Verified
from async_download_client.models import Download, Ready, Status
from async_download_client.tasks import AsyncOnEvent, in_loop, run_stoppable
from async_download_client.timing import Timing

__all__ = ["AsyncClient"]


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
        allow_http: bool = False,
    ) -> None:
        self._client = Client(
            api_url,
            auth=auth,
            headers=headers,
            timeout=timeout,
            timing=timing,
            parallel=parallel,
            limit_rate=limit_rate,
            allow_http=allow_http,
        )

    async def request(
        self,
        path: str | None = None,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Download:
        """Ask for a file; answers at once."""
        return await run_stoppable(
            lambda stop: self._client.request(
                path, origin, file_name, sha256, size, idempotency_key=idempotency_key, stop=stop
            )
        )

    async def status(self, download: Download) -> Status:
        """How far a download is."""
        return await run_stoppable(lambda stop: self._client.status(download, stop=stop))

    async def cancel(self, download: Download) -> None:
        """Stop a download in the stack."""
        await run_stoppable(lambda stop: self._client.cancel(download, stop=stop))

    async def wait(
        self, download: Download, on_event: AsyncOnEvent | None = None, timeout: float | None = None
    ) -> Ready:
        """Wait until the file can be fetched."""
        tell = in_loop(on_event)
        return await run_stoppable(lambda stop: self._client.wait(download, tell, timeout, stop=stop))

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
        tell = in_loop(on_event)
        return await run_stoppable(
            lambda stop: self._client.fetch(ready, target, on_event=tell, sha256=sha256, resume=resume, stop=stop)
        )

    async def get(
        self,
        path: str | None,
        target: Target,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
        *,
        on_event: AsyncOnEvent | None = None,
        timeout: float | None = None,
        resume: bool = True,
    ) -> Saved:
        """Request, wait and fetch."""
        tell = in_loop(on_event)
        return await run_stoppable(
            lambda stop: self._client.get(
                path, target, origin, file_name, sha256, size, on_event=tell, timeout=timeout, resume=resume, stop=stop
            )
        )

    async def events(
        self,
        path: str | None,
        target: Target,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
        *,
        timeout: float | None = None,
        resume: bool = True,
    ) -> AsyncGenerator[Event, None]:
        """`get`, as an iterator of its events; closing the iterator stops the download."""
        told: asyncio.Queue[Event | None] = asyncio.Queue()

        async def run() -> None:
            try:
                await self.get(
                    path,
                    target,
                    origin,
                    file_name,
                    sha256,
                    size,
                    on_event=told.put_nowait,
                    timeout=timeout,
                    resume=resume,
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
