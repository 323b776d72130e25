"""The downloader as a library.

with Client("https://….execute-api.eu-central-1.amazonaws.com/v1") as client:
    client.get("2026/q3.csv", Path("q3.csv"), on_event=print)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from async_download_client.api import Api
from async_download_client.errors import ProtocolError
from async_download_client.events import Event, Received, Renewed, Requested, Saved, Verified
from async_download_client.fetch import Fetch, check_target
from async_download_client.messages import raise_if_over
from async_download_client.models import Download, Ready, Status
from async_download_client.timing import Timing
from async_download_client.transport import Transport
from async_download_client.wait import Wait

__all__ = ["Client", "OnEvent"]

OnEvent = Callable[[Event], None]


def _ignore(_: object) -> None:
    pass


class Client:
    """Talks to one async-download stack.

    `api_url` is the stack's apiUrl or downloadUrl, `headers` go with every call of the REST API (an `x-api-key`, a
    bearer token), `timeout` is how many seconds a server may be silent.
    """

    def __init__(
        self,
        api_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        timing: Timing | None = None,
    ) -> None:
        self._timeout = timeout
        self._timing = timing or Timing()
        self._transport = Transport(timeout)
        self._api = Api(api_url, self._transport, self._timing, headers or {})

    def request(
        self,
        path: str | None = None,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Download:
        """Ask for a file; answers at once."""
        return self._api.request(path, origin, file_name, sha256, idempotency_key)

    def status(self, download: Download) -> Status:
        """How far a download is."""
        return self._api.status(download)

    def cancel(self, download: Download) -> None:
        """Stop a download; RefusedError with the code DOWNLOAD_FINISHED when it is too late for that."""
        self._api.cancel(download)

    def wait(self, download: Download, on_event: OnEvent | None = None, timeout: float | None = None) -> Ready:
        """Wait until the file can be fetched, at most `timeout` seconds."""
        return Wait(self._api, download, on_event or _ignore, self._timing, self._timeout, timeout)()

    def fetch(
        self,
        ready: Ready,
        target: Path,
        on_bytes: Callable[[int], None] | None = None,
        *,
        on_event: OnEvent | None = None,
        sha256: str | None = None,
    ) -> Verified:
        """Download the file, verify it, and only then give it its name; an existing file is replaced."""

        def renew() -> Ready:
            status = self._api.status(ready.download)
            raise_if_over(status)
            if status.ready is None:
                raise ProtocolError("The API told of a file that was ready, and now is not.")
            (on_event or _ignore)(Renewed(status.ready.expires_at))
            return status.ready

        return Fetch(self._transport, self._timing, ready, renew, on_bytes or _ignore, sha256)(target)

    def get(
        self,
        path: str | None,
        target: Path,
        origin: str | None = None,
        file_name: str | None = None,
        sha256: str | None = None,
        *,
        on_event: OnEvent | None = None,
        timeout: float | None = None,
    ) -> Saved:
        """Request, wait and fetch; `timeout` limits the wait for the file to be ready."""
        tell = on_event or _ignore
        check_target(target)
        download = self.request(path, origin, file_name, sha256)
        tell(Requested(download))
        ready = self.wait(download, on_event, timeout)
        verified = self.fetch(
            ready, target, lambda count: tell(Received(count, ready.size)), on_event=on_event, sha256=sha256
        )
        tell(verified)
        saved = Saved(target, verified.size)
        tell(saved)
        return saved

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
