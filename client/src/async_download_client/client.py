"""The client of one stack: requests downloads, waits for them, and downloads and verifies the files.

with Client("https://….execute-api.eu-central-1.amazonaws.com/v1", auth=Iam()) as client:
    client.get("2026/q3.csv", Path("q3.csv"), on_event=print)
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Self, TypedDict, Unpack

from async_download_client.api import Api, OnRetry
from async_download_client.auth import Auth
from async_download_client.background import iterate
from async_download_client.errors import ProtocolError
from async_download_client.events import Event, Requested, Retrying, Saved, Verified
from async_download_client.messages import raise_if_ended
from async_download_client.models import Download, DownloadRequest, ReadyFile, Status
from async_download_client.stop import StopSignal
from async_download_client.timing import Timing
from async_download_client.transfer.fetch import Fetch
from async_download_client.transfer.output_stream import OutputStream
from async_download_client.transfer.part_file import PartFile
from async_download_client.transfer.targets import open_target
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport
from async_download_client.wait import Wait

OnEvent = Callable[[Event], object]
Target = str | Path | BinaryIO
_MAX_PARALLEL = 64
_FIFO_POLL_SECONDS = 0.05


class ClientOptions(TypedDict, total=False):
    """The options of `Client`, for the constructor of `AsyncClient`."""

    auth: Auth | None
    headers: Mapping[str, str] | None
    timeout: float
    timing: Timing | None
    parallel: int
    limit_rate: int | None
    allow_http: bool


class GetOptions(TypedDict, total=False):
    """The options of `get`, for `events`."""

    origin: str | None
    file_name: str | None
    sha256: str | None
    size: int | None
    timeout: float | None
    resume: bool
    sync: bool


def _ignore(_: object) -> None:
    pass


def _report_retries(on_event: OnEvent | None) -> OnRetry:
    return lambda reason, delay: (on_event or _ignore)(Retrying(reason, round(delay, 3)))


class Client:
    """A client of one async-download stack; several threads may use it at once.

    Args:
        api_url: the stack's output apiUrl or downloadUrl.
        auth: identifies the caller to the REST API.
        headers: further headers for every call of the REST API at that URL; they are sent nowhere else.
        timeout: seconds that a server may be silent.
        timing: delays between attempts.
        parallel: GETs at a time per download, 1 to 64.
        limit_rate: bytes per second, over all downloads of this client.
        allow_http: whether tickets, credentials and signed URLs may travel over http and ws to other machines.
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
        if not 1 <= parallel <= _MAX_PARALLEL:
            raise ValueError(f"parallel has to be 1 to {_MAX_PARALLEL}.")
        self._timeout, self._parallel = timeout, parallel
        self._timing = timing or Timing()
        self._throttle = Throttle(limit_rate)
        self._transport = Transport(timeout, parallel + 1, allow_http=allow_http)
        self._api = Api(api_url, self._transport, self._timing, headers or {}, auth)

    def request(
        self,
        path: str | None = None,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
        *,
        idempotency_key: str | None = None,
        on_event: OnEvent | None = None,
        stop: StopSignal | None = None,
    ) -> Download:
        """Request a download and return at once; it fails if the file has another `sha256` (hex) or `size` (bytes)."""
        request = DownloadRequest(path, origin, file_name, sha256, size)
        return self._api.request(request, idempotency_key, stop, _report_retries(on_event))

    def status(self, download: Download, *, on_event: OnEvent | None = None, stop: StopSignal | None = None) -> Status:
        """Return the download's current status."""
        return self._api.status(download, stop, _report_retries(on_event))

    def cancel(self, download: Download, *, on_event: OnEvent | None = None, stop: StopSignal | None = None) -> None:
        """Cancel a download; raises RefusedError with the code DOWNLOAD_FINISHED when it has ended already."""
        self._api.cancel(download, stop, _report_retries(on_event))

    def wait(
        self,
        download: Download,
        *,
        on_event: OnEvent | None = None,
        timeout: float | None = None,
        stop: StopSignal | None = None,
    ) -> ReadyFile:
        """Wait until the file is ready, at most `timeout` seconds."""
        return self._wait(download, on_event or _ignore, timeout, stop or StopSignal(), time.monotonic())

    def fetch(
        self,
        file: ReadyFile,
        target: Target,
        *,
        on_event: OnEvent | None = None,
        sha256: str | None = None,
        resume: bool = True,
        sync: bool = False,
        stop: StopSignal | None = None,
    ) -> Verified:
        """Download and verify a file that is ready.

        A file is written by way of `<target>.part`, which replaces the target when it is complete and verified. With
        `resume`, the bytes that an interrupted call left are kept if they belong to the same S3 object. A binary
        stream, a device and a FIFO are written in order, with one GET at a time, and verified after the last byte. With
        `sync`, a file is on the disk, safe from a power cut, before it replaces the target.
        """
        stop = stop or StopSignal()
        with self._open(target, stop, resume=resume, sync=sync) as output:
            return self._fetch(file, output, on_event or _ignore, sha256, stop)

    def get(
        self,
        path: str | None,
        target: Target,
        *,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
        on_event: OnEvent | None = None,
        timeout: float | None = None,
        resume: bool = True,
        sync: bool = False,
        stop: StopSignal | None = None,
    ) -> Saved:
        """Request, wait and fetch; `timeout` limits the seconds until the file is ready.

        The same call after an interrupted one continues the same download, so the stack copies the file only once.
        """
        on_event, stop, started = on_event or _ignore, stop or StopSignal(), time.monotonic()
        request = DownloadRequest(path, origin, file_name, sha256, size)
        with self._open(target, stop, resume=resume, sync=sync) as output:
            key = output.idempotency_key(request.digest(self._api.base))
            max_seconds = math.inf if timeout is None else timeout
            download = self._api.request(request, key, stop, _report_retries(on_event), max_seconds)
            output.mark_requested()
            on_event(Requested(download))
            file = self._wait(download, on_event, timeout, stop, started)
            verified = self._fetch(file, output, on_event, sha256, stop)
        on_event(verified)
        saved = Saved(Path(target) if isinstance(target, str | Path) else None, verified.size)
        on_event(saved)
        return saved

    def events(self, path: str | None, target: Target, **options: Unpack[GetOptions]) -> Generator[Event, None, None]:
        """Run `get` and yield its events, `Saved` at the end; leaving the loop stops the download."""

        def work(on_event: OnEvent, stop: StopSignal) -> None:
            self.get(path, target, on_event=on_event, stop=stop, **options)

        with closing(iterate(work)) as events:
            yield from events

    def _open(self, target: Target, stop: StopSignal, *, resume: bool, sync: bool) -> PartFile | OutputStream:
        return open_target(target, resume=resume, durable=sync, wait=lambda: stop.sleep(_FIFO_POLL_SECONDS))

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _wait(
        self, download: Download, on_event: OnEvent, timeout: float | None, stop: StopSignal, started: float
    ) -> ReadyFile:
        return Wait(self._api, download, on_event, self._timing, self._timeout, timeout, stop, started).run()

    def _fetch(
        self, file: ReadyFile, output: PartFile | OutputStream, on_event: OnEvent, sha256: str | None, stop: StopSignal
    ) -> Verified:
        def fetch_file() -> ReadyFile:
            status = self._api.status(file.download, stop=stop)
            raise_if_ended(status)
            if status.file is None:
                raise ProtocolError("The API says that a file which was ready is not ready any more.")
            return status.file

        fetch = Fetch(self._transport, self._throttle, self._timing, self._parallel, on_event, stop)
        return fetch.run(file, output, fetch_file, sha256)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
