"""The clients of a run: each requests one download with the real client library and does what its plan says."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO

from async_download_client import (
    AsyncDownloadError,
    Client,
    Connected,
    Disconnected,
    Download,
    DownloadCancelledError,
    DownloadFailedError,
    Event,
    Polling,
    ReadyFile,
    RefusedError,
    Retrying,
    StoppedError,
    StopSignal,
)

from integration_tests.load.mix import Behaviour, PlannedDownload
from integration_tests.support.settings import FILES


@dataclass
class ClientResult:
    """The result of one client; times are epoch seconds.

    Attributes:
        outcome: READY, or the code of the failure; empty if the client was not notified, or did not wait.
        is_pushed: whether the first WebSocket brought the outcome.
        sha256: of the file that it downloaded.
        error: why the client gave up.
    """

    plan: PlannedDownload
    requested_at: float = 0.0
    download: Download | None = None
    file: ReadyFile | None = None
    outcome: str = ""
    received_at: float = 0.0
    is_pushed: bool = False
    reconnects: int = 0
    retries: list[str] = field(default_factory=list)
    sha256: str | None = None
    fetched_bytes: int | None = None
    error: str = ""

    @property
    def waits(self) -> bool:
        """Return True if the client waits for the outcome."""
        return self.plan.behaviour is not Behaviour.LEAVE


class LoadClient:
    """One client."""

    def __init__(self, client: Client, plan: PlannedDownload, timeout: float) -> None:
        self.result = ClientResult(plan)
        self._client, self._plan, self._timeout = client, plan, timeout

    def run(self) -> ClientResult:
        """Request, wait and fetch; errors are part of the result."""
        result = self.result
        try:
            result.requested_at = time.time()
            download = result.download = self._client.request(self._plan.path, FILES, on_event=self._on_event)
            if result.waits:
                self._wait(download)
            if result.file is not None and self._plan.is_fetched:
                self._fetch(result.file)
        except AsyncDownloadError as error:
            result.error = f"{error.code}: {error}"
        except Exception as error:  # reported as a lost download, with the class of the error
            result.error = f"{type(error).__name__}: {error}"[:300]
        return result

    def _wait(self, download: Download) -> None:
        stop, behaviour = StopSignal(), self._plan.behaviour
        timer = threading.Timer(self._plan.delay, self._cancel, [download])
        if behaviour is Behaviour.RECONNECT:
            timer = threading.Timer(self._plan.delay, stop.set)
        if behaviour in (Behaviour.RECONNECT, Behaviour.CANCEL):
            timer.daemon = True
            timer.start()
        try:
            self._receive(download, stop)
        except StoppedError:
            self.result.reconnects += 1
            self._receive(download, StopSignal())
        finally:
            timer.cancel()

    def _receive(self, download: Download, stop: StopSignal) -> None:
        result = self.result
        try:
            result.file = self._client.wait(download, on_event=self._on_event, timeout=self._timeout, stop=stop)
            result.outcome = "READY"
        except DownloadCancelledError:
            result.outcome = "CANCELLED"
        except DownloadFailedError as error:
            result.outcome = error.code
        result.received_at = time.time()
        result.is_pushed = result.reconnects == 0

    def _cancel(self, download: Download) -> None:
        try:
            self._client.cancel(download, on_event=self._on_event)
        except RefusedError as error:
            if error.code != "DOWNLOAD_FINISHED":
                self.result.error = f"cancel: {error.code}"
        except AsyncDownloadError as error:
            self.result.error = f"cancel: {error.code}"

    def _fetch(self, file: ReadyFile) -> None:
        target = BytesIO()
        self._client.fetch(file, target)
        self.result.fetched_bytes = len(target.getvalue())
        self.result.sha256 = hashlib.sha256(target.getvalue()).hexdigest()

    def _on_event(self, event: Event) -> None:
        match event:
            case Retrying():
                self.result.retries.append(event.reason)
            case Disconnected() | Polling():
                self.result.reconnects += 1
            case Connected():
                pass
