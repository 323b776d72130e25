"""Showing events: bars on a terminal, lines when piped, JSON for programs, or nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from async_download_client import events
from async_download_client.events import Event

__all__ = ["Display", "display_for"]

_SAY_AGAIN = 10.0
Display = AbstractContextManager[Callable[[Event], None]]


def display_for(*, json_lines: bool, quiet: bool) -> Display:
    """What suits the options and the terminal; people's output goes to stderr, JSON to stdout."""
    if json_lines:
        return contextlib.nullcontext(lambda event: _json_line(event, sys.stdout))
    if quiet:
        return contextlib.nullcontext(lambda _: None)
    return _bars() if sys.stderr.isatty() else contextlib.nullcontext(_Lines(sys.stderr))


def sentence(event: Event) -> str | None:
    """The event in words; None for what only moves a bar."""
    match event:
        case events.Requested(download):
            return f"Requested as {download.id}"
        case events.Connected():
            return "Connected, waiting for the file"
        case events.Disconnected(reason, retry_in):
            return f"Lost touch: {reason}; again in {retry_in:.1f} s"
        case events.Polling(reason):
            return f"Asking instead of listening: {reason}"
        case events.FileReady(ready):
            return f"Ready: {decimal(ready.size)}"
        case events.Resumed(received, size):
            return f"Going on after {decimal(received)} of {decimal(size)}"
        case events.Retrying(reason, retry_in):
            return f"Broke off: {reason} Again in {retry_in:.1f} s"
        case events.Renewed():
            return "The URL had expired; got a fresh one"
        case events.Verified(_, checks, _):
            return f"Verified: {', '.join(checks)}"
        case events.Saved(path, size):
            return f"Saved {path} ({decimal(size)})" if path else f"Sent {decimal(size)}"
    return None


def _json_line(event: Event, stream: TextIO) -> None:
    print(json.dumps(events.as_json(event)), file=stream, flush=True)


class _Sentences:
    """Sentences, without those that say again what was just said: on a poor line every GET breaks off, and often."""

    def __init__(self) -> None:
        self._said_at: dict[str, float] = {}

    def __call__(self, event: Event) -> str | None:
        text, now = sentence(event), time.monotonic()
        if isinstance(event, events.Retrying):
            if now - self._said_at.get(event.reason, -_SAY_AGAIN) < _SAY_AGAIN:
                return None
            self._said_at[event.reason] = now
        return text


class _Lines:
    """A line per event, and one for each quarter of a transfer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._sentence = _Sentences()
        self._quarters: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        text = self._sentence(event)
        match event:
            case events.Progress(_, copied, size) if copied is not None and size:
                text = self._quarter("Copying", copied, size)
            case events.Received(received, size) if size:
                text = self._quarter("Downloading", received, size)
        if text:
            print(text, file=self._stream, flush=True)

    def _quarter(self, what: str, count: int, size: int) -> str | None:
        quarter = 4 * count // size
        if quarter <= self._quarters.get(what, 0):
            return None
        self._quarters[what] = quarter
        return f"{what}: {25 * quarter} % of {decimal(size)}"


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[Event], None]]:
    """A bar for the copy to S3 and one for the download, with what happened above them."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description:<12}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console, transient=True) as progress:
        copy = progress.add_task("Waiting", total=None)
        fetch = None
        words = _Sentences()

        def show(event: Event) -> None:
            nonlocal fetch
            match event:
                case events.Progress(_, copied, size) if copied is not None:
                    progress.update(copy, description="Copying", completed=copied, total=size)
                case events.FileReady(ready):
                    progress.update(copy, description="Copied", completed=ready.size, total=ready.size)
                    fetch = progress.add_task("Downloading", total=ready.size)
                case events.Checking(checked, size) if fetch is not None:
                    progress.update(fetch, description="Checking", completed=checked, total=size)
                case events.Resumed(received, size) if fetch is not None:
                    progress.reset(fetch, description="Downloading", completed=received, total=size)
                case events.Received(received, _) if fetch is not None:
                    progress.update(fetch, description="Downloading", completed=received)
            if text := words(event):
                progress.console.print(text, style="green" if isinstance(event, events.Saved) else "", markup=False)

        yield show
