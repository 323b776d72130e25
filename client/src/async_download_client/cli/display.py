"""Shows events: bars on a terminal, lines in a pipe, JSON lines for programs, or nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import IO, cast

from rich.filesize import decimal

from async_download_client import events
from async_download_client.cli.output import LossyStream, print_progress, print_result
from async_download_client.errors import FileError
from async_download_client.events import Event
from async_download_client.text import printable

_REPEAT_AFTER_SECONDS = 10.0
_DEFAULT_WIDTH = 80
Display = AbstractContextManager[Callable[[Event], None]]


def display_for(*, json_lines: bool, quiet: bool) -> Display:
    """Return a context manager with a callback that shows events: JSON lines on stdout, all else on stderr."""
    if json_lines:
        return contextlib.nullcontext(lambda event: print_result(json.dumps(events.as_json(event))))
    if quiet:
        return contextlib.nullcontext(lambda _: None)
    return _bars() if sys.stderr.isatty() else contextlib.nullcontext(_Lines().show)


@contextlib.contextmanager
def keep_going(on_event: Callable[[Event], None]) -> Iterator[Callable[[Event], None]]:
    """Return a callback that survives an output which cannot be written; its FileError is raised at the end."""
    failures: list[FileError] = []

    def show(event: Event) -> None:
        if not failures:
            try:
                on_event(event)
            except FileError as error:
                failures.append(error)

    yield show
    if failures:
        raise failures[0]


def describe(event: Event) -> str | None:
    """Return a sentence about an event; None for events that only move a bar."""
    match event:
        case events.Requested(download):
            return f"Requested as {download.id}"
        case events.Connected():
            return "Connected, waiting for the file"
        case events.Disconnected(reason, retry_in):
            return f"Disconnected: {reason}; reconnecting in {retry_in:.1f} s"
        case events.Polling(reason):
            return f"Polling the API: {reason}"
        case events.Preparing(next_request_at):
            again = f"; it is asked again at {clock(next_request_at)}" if next_request_at else ""
            return f"The origin is preparing the file{again}"
        case events.FileReady(file):
            return f"Ready: {decimal(file.size)}"
        case events.Resumed(received, size):
            return f"Resuming after {decimal(received)} of {decimal(size)}"
        case events.Retrying(reason, retry_in):
            return f"Interrupted: {reason} Retrying in {retry_in:.1f} s"
        case events.Renewed():
            return "The URL had expired; received a new one"
        case events.Verified(_, checks, _):
            return f"Verified: {', '.join(checks)}"
        case events.Saved(path, size):
            return f"Saved {printable(str(path))} ({decimal(size)})" if path else f"Sent {decimal(size)}"
    return None


def clock(moment: datetime) -> str:
    """Return the local time of day, with the date if that is not today's."""
    try:
        local = moment.astimezone()
    except (OverflowError, OSError, ValueError):  # in the year 1 or 9999
        return moment.isoformat()
    return (
        f"{local:%H:%M:%S}"
        if local.date() == datetime.now().astimezone().date()
        else f"{local.date()} {local:%H:%M:%S}"
    )


class _Descriptions:
    """Sentences about events, the same reason for a retry at most every 10 s: a bad connection breaks every GET."""

    def __init__(self) -> None:
        self._shown_at: dict[str, float] = {}

    def describe(self, event: Event) -> str | None:
        text, now = describe(event), time.monotonic()
        if isinstance(event, events.Retrying):
            if now - self._shown_at.get(event.reason, -_REPEAT_AFTER_SECONDS) < _REPEAT_AFTER_SECONDS:
                return None
            self._shown_at[event.reason] = now
        return text


class _Lines:
    """Prints a line per event, and one for each quarter of a transfer."""

    def __init__(self) -> None:
        self._descriptions = _Descriptions()
        self._quarters: dict[str, int] = {}

    def show(self, event: Event) -> None:
        text = self._descriptions.describe(event)
        match event:
            case events.Progress(_, copied, size) if copied is not None and size:
                text = self._quarter("Copying", copied, size)
            case events.Received(received, size) if size:
                text = self._quarter("Downloading", received, size)
        if text:
            print_progress(text)

    def _quarter(self, activity: str, count: int, size: int) -> str | None:
        quarter = 4 * count // size
        if quarter <= self._quarters.get(activity, 0):
            return None
        self._quarters[activity] = quarter
        return f"{activity}: {25 * quarter} % of {decimal(size)}"


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[Event], None]]:
    """Show a bar for the copy to S3 and one for the download, with sentences above them."""
    from rich.console import Console  # here, because they take as long to load as all the rest
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(file=cast(IO[str], LossyStream(sys.stderr)))
    if not console.width:  # COLUMNS=0: nothing would be printed
        console.width = _DEFAULT_WIDTH
    columns = (SpinnerColumn(), TextColumn("{task.description:<12}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console, transient=True) as progress:
        copy = progress.add_task("Waiting", total=None)
        fetch = None
        descriptions = _Descriptions()

        def show(event: Event) -> None:
            nonlocal fetch
            match event:
                case events.Progress(_, copied, size) if copied is not None:
                    progress.update(copy, description="Copying", completed=copied, total=size)
                case events.FileReady(file):
                    progress.update(copy, description="Copied", completed=file.size, total=file.size)
                    fetch = progress.add_task("Downloading", total=file.size)
                case events.Checking(checked, size) if fetch is not None:
                    progress.update(fetch, description="Checking", completed=checked, total=size)
                case events.Resumed(received, size) if fetch is not None:
                    progress.reset(fetch, description="Downloading", completed=received, total=size)
                case events.Received(received, _) if fetch is not None:
                    progress.update(fetch, description="Downloading", completed=received)
            if text := descriptions.describe(event):
                progress.console.print(text, style="green" if isinstance(event, events.Saved) else "", markup=False)

        yield show
