"""The downloader as a library.

with Client("https://….execute-api.eu-central-1.amazonaws.com/v1", auth=Iam()) as client:
    client.get("2026/q3.csv", Path("q3.csv"), on_event=print)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Self

from async_download_client.api import Api
from async_download_client.auth import Auth
from async_download_client.background import iterate
from async_download_client.errors import ProtocolError
from async_download_client.events import Event, Requested, Saved, Verified
from async_download_client.messages import raise_if_over
from async_download_client.models import Download, Order, Ready, Status
from async_download_client.stop import Stop
from async_download_client.timing import Timing
from async_download_client.transfer.fetch import Fetch
from async_download_client.transfer.part import Part
from async_download_client.transfer.stream import Stream
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport
from async_download_client.wait import Wait

__all__ = ["Client", "OnEvent", "Target"]

OnEvent = Callable[[Event], object]
Target = str | Path | BinaryIO
_MOST_PARALLEL = 64


def _ignore(_: object) -> None:
    pass


class Client:
    """Talks to one async-download stack; may be used by several threads at once.

    `api_url` is the stack's apiUrl or downloadUrl. `auth` identifies the caller, and `headers` go with every call of
    the REST API at that URL, and nowhere else. `timeout` is how many seconds a server may be silent; `parallel` how
    many GETs a download makes at once; `limit_rate` how many bytes a second all downloads of this client take
    together. `allow_http` lets tickets, credentials and signed URLs travel over http and ws to other machines.
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
        if not 1 <= parallel <= _MOST_PARALLEL:
            raise ValueError(f"parallel has to be 1 to {_MOST_PARALLEL}.")
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
        stop: Stop | None = None,
    ) -> Download:
        """Ask for a file; answers at once.

        Where `sha256` (hex) or `size` (bytes) is given, another file fails.
        """
        return self._api.request(Order(path, origin, file_name, sha256, size), idempotency_key, stop)

    def status(self, download: Download, *, stop: Stop | None = None) -> Status:
        """How far a download is."""
        return self._api.status(download, stop=stop)

    def cancel(self, download: Download, *, stop: Stop | None = None) -> None:
        """Stop a download in the stack; RefusedError with the code DOWNLOAD_FINISHED when it is too late for that."""
        self._api.cancel(download, stop)

    def wait(
        self,
        download: Download,
        on_event: OnEvent | None = None,
        timeout: float | None = None,
        *,
        stop: Stop | None = None,
    ) -> Ready:
        """Wait until the file can be fetched, at most `timeout` seconds."""
        tell = on_event or _ignore
        return Wait(self._api, download, tell, self._timing, self._timeout, timeout, stop or Stop())()

    def fetch(
        self,
        ready: Ready,
        target: Target,
        *,
        on_event: OnEvent | None = None,
        sha256: str | None = None,
        resume: bool = True,
        stop: Stop | None = None,
    ) -> Verified:
        """Download the file and verify it.

        To a path: by way of `<target>.part`, which gets its name when it is whole and replaces what was there. What an
        interrupted call left is gone on with, if it is of the same object and `resume` is true. To a binary stream:
        in order, with one GET at a time, and verified when everything has gone out.
        """
        with _opened(target, resume=resume) as to:
            return self._fetch(ready, to, on_event or _ignore, sha256, stop or Stop())

    def get(
        self,
        path: str | None,
        target: Target,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
        *,
        on_event: OnEvent | None = None,
        timeout: float | None = None,
        resume: bool = True,
        stop: Stop | None = None,
    ) -> Saved:
        """Request, wait and fetch; `timeout` limits the wait for the file to be ready.

        The same call after an interrupted one asks for the same download, so that no file is copied twice.
        """
        tell, stop = on_event or _ignore, stop or Stop()
        order = Order(path, origin, file_name, sha256, size)
        with _opened(target, resume=resume) as to:
            download = self._api.request(order, to.key_for(order.digest(self._api.base)), stop)
            to.ordered()
            tell(Requested(download))
            ready = self.wait(download, on_event, timeout, stop=stop)
            verified = self._fetch(ready, to, tell, sha256, stop)
        tell(verified)
        saved = Saved(Path(target) if isinstance(target, str | Path) else None, verified.size)
        tell(saved)
        return saved

    def events(
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
    ) -> Generator[Event, None, None]:
        """`get`, as an iterator of its events; the last one is `Saved`. Leaving the loop stops the download."""

        def work(tell: OnEvent, stop: Stop) -> None:
            self.get(
                path, target, origin, file_name, sha256, size, on_event=tell, timeout=timeout, resume=resume, stop=stop
            )

        with closing(iterate(work)) as events:
            yield from events

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def _fetch(self, ready: Ready, to: Part | Stream, tell: OnEvent, sha256: str | None, stop: Stop) -> Verified:
        def renew() -> Ready:
            status = self._api.status(ready.download, stop=stop)
            raise_if_over(status)
            if status.ready is None:
                raise ProtocolError("The API told of a file that was ready, and now is not.")
            return status.ready

        fetch = Fetch(self._transport, self._throttle, self._timing, self._parallel, tell, stop)
        return fetch(ready, to, renew, sha256)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(target: Target, *, resume: bool) -> Part | Stream:
    return Part(Path(target), resume=resume) if isinstance(target, str | Path) else Stream(target)
