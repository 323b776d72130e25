"""`smoke`: one download through the deployed stack, step by step."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from async_download_client import (
    AsyncDownloadError,
    Auth,
    Client,
    Connected,
    Disconnected,
    Download,
    Event,
    Polling,
    ReadyFile,
    Verified,
)

from async_download_admin.commands import Result
from async_download_admin.items import batch_get, download_item
from async_download_admin.stack import Stack
from async_download_admin.tables import table

FAILED = 4
"""Exit code: a step failed."""
REMOVAL_SECONDS = 30.0
_POLL_SECONDS = 0.5
STEPS = ("request", "connect", "ready", "download", "verify", "disconnect")


class _StepFailedError(Exception):
    """A step whose result is wrong; its text says why."""


@dataclass(frozen=True)
class Request:
    """The file to download, and how long to wait until it is ready."""

    path: str | None
    origin: str | None
    timeout: float


@dataclass
class Smoke:
    """A run of all steps."""

    stack: Stack
    auth: Auth
    request: Request
    rows: list[dict[str, Any]] = field(default_factory=list)
    _connection_ids: set[str] = field(default_factory=set)
    _download: Download | None = None
    _refusal: str | None = None
    _connected_at: float | None = None

    def run(self) -> Result:
        """Run the steps; the first that fails ends the run."""
        is_ready = False
        with Client(self.stack.outputs.api_url, auth=self.auth) as client, suppress(_StepFailedError):
            with self._step("request") as row:
                self._download = client.request(self.request.path, self.request.origin)
                row["detail"] = self._download.id
            file = self._wait(client, self._download)
            is_ready = True
            self._fetch(client, file)
            self._see_removal(self._download)
        if self._download is not None and not is_ready:
            self._cancel()
        return self._result()

    def _wait(self, client: Client, download: Download) -> ReadyFile:
        """Wait on the WebSocket; the steps `connect` and `ready` are measured apart."""
        started = time.monotonic()
        try:
            file = client.wait(download, on_event=self._observe, timeout=self.request.timeout)
        except AsyncDownloadError as error:
            name = "connect" if self._connected_at is None else "ready"
            begin = started if self._connected_at is None else self._connected_at
            if name == "ready":
                self._add("connect", (self._connected_at or started) - started)
            self._add(name, time.monotonic() - begin, f"{error} [{error.code}]", failed=True)
            raise _StepFailedError from None
        ended = time.monotonic()
        if self._connected_at is None:
            reason = f"no WebSocket could be opened: {self._refusal or 'the API was polled'}"
            self._add("connect", ended - started, reason, failed=True)
            raise _StepFailedError
        if not self._connection_ids:
            reason = "the download's item has no connection while the WebSocket is open"
            self._add("connect", self._connected_at - started, reason, failed=True)
            raise _StepFailedError
        self._add("connect", self._connected_at - started, f"{len(self._connection_ids)} in the Connections table")
        self._add("ready", ended - self._connected_at, f"{file.size} bytes")
        return file

    def _observe(self, event: Event) -> None:
        if isinstance(event, Connected) and self._download is not None:
            self._connected_at = self._connected_at or time.monotonic()
            item = download_item(self.stack, self._download.execution_arn)
            self._connection_ids.update(item.get("connectionIds", ()))
        elif isinstance(event, Disconnected | Polling):
            self._refusal = event.reason

    def _fetch(self, client: Client, file: ReadyFile) -> None:
        verified: Verified | None = None
        with tempfile.TemporaryDirectory(prefix="async-download-smoke-") as folder:
            with self._step("download") as row:
                verified = client.fetch(file, Path(folder, "file"))
                row["detail"] = f"{verified.size} bytes"
            with self._step("verify") as row:
                checks = set(verified.checks)
                if not checks & {"crc32", "sha256"}:
                    raise _StepFailedError("the stack announced no checksum of the whole file")
                row["detail"] = ", ".join(verified.checks)

    def _see_removal(self, download: Download) -> None:
        """Wait until both tables have forgotten the connection, whose WebSocket the client has closed."""
        with self._step("disconnect") as row:
            deadline = time.monotonic() + REMOVAL_SECONDS
            while ids := self._remaining(download):
                if time.monotonic() >= deadline:
                    raise _StepFailedError(
                        f"{len(ids)} of its connections are still recorded after {REMOVAL_SECONDS:g} s: see the log of "
                        "`disconnect`. API Gateway delivers $disconnect at best effort, so try again once"
                    )
                time.sleep(_POLL_SECONDS)
            row["detail"] = "the connection's record is removed"

    def _remaining(self, download: Download) -> set[str]:
        ids = sorted(self._connection_ids)
        items = batch_get(self.stack, self.stack.outputs.connections_table_name, "connectionId", ids)
        listed = set(download_item(self.stack, download.execution_arn).get("connectionIds", ()))
        return set(items) | listed & self._connection_ids

    def _cancel(self) -> None:
        """Cancel the download that did not become ready, so that it does not go on after the test."""
        with Client(self.stack.outputs.api_url, auth=self.auth) as client, suppress(AsyncDownloadError):
            if self._download is not None:
                client.cancel(self._download)

    @contextmanager
    def _step(self, name: str) -> Iterator[dict[str, Any]]:
        started = time.monotonic()
        row: dict[str, Any] = {"detail": ""}
        try:
            yield row
        except AsyncDownloadError as error:
            self._add(name, time.monotonic() - started, f"{error} [{error.code}]", failed=True)
            raise _StepFailedError from None
        except _StepFailedError as error:
            self._add(name, time.monotonic() - started, str(error), failed=True)
            raise
        self._add(name, time.monotonic() - started, row["detail"])

    def _add(self, name: str, seconds: float, detail: str = "", *, failed: bool = False) -> None:
        result = "failed" if failed else "ok"
        self.rows.append({"step": name, "result": result, "seconds": round(seconds, 2), "detail": detail})

    def _result(self) -> Result:
        ran = {row["step"] for row in self.rows}
        skipped = [name for name in STEPS if name not in ran]
        rows = [*self.rows, *({"step": name, "result": "skipped", "seconds": None, "detail": ""} for name in skipped)]
        failed = [row for row in rows if row["result"] != "ok"]
        total = round(sum(row["seconds"] for row in self.rows), 2)
        content = {
            "downloadId": self._download.id if self._download else None,
            "passed": not failed,
            "seconds": total,
            "steps": rows,
        }
        text = table(
            ("STEP", "RESULT", "SECONDS", "DETAIL"),
            [[row["step"], row["result"], row["seconds"], row["detail"]] for row in rows],
        )
        verdict = "The stack works" if not failed else f"The step {failed[0]['step']} failed"
        return Result(content, f"{text}\n{verdict} ({total} s).", FAILED if failed else 0)
