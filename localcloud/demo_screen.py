"""Output of the demo: steps with a mark and their duration; plain lines when the output is piped."""

from collections.abc import Mapping
from contextlib import suppress
from time import monotonic

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

_NAME_WIDTH = 10


def seconds_text(seconds: float) -> str:
    """Return a duration as text: `85 ms` or `3.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


class Screen:
    """One step at a time: `begin`, perhaps `bar`, then `done` or `fail`. `close` leaves the terminal as it was."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name = ""
        self._began = monotonic()
        self._live: Progress | None = None
        self._task = TaskID(0)

    def title(self, text: str) -> None:
        """Print the title."""
        self._console.print(Text(text, style="bold"), soft_wrap=True)

    def begin(self, name: str, doing: str) -> None:
        """Begin a step; a terminal shows a spinner until it is done."""
        self._name, self._began = name, monotonic()
        if not self._console.is_terminal:
            return
        self._live = Progress(
            SpinnerColumn(), TextColumn("{task.description}", style="dim"), console=self._console, transient=True
        )
        self._task = self._live.add_task(f"{name:<{_NAME_WIDTH}} {doing}", total=None)
        self._live.start()

    def bar(self, completed: int, total: int, doing: str) -> None:
        """Show how many bytes of the step are done."""
        if not self._live:
            return
        if len(self._live.columns) == 2:
            self._live.columns = (*self._live.columns, BarColumn(), DownloadColumn(), TransferSpeedColumn())
        description = f"{self._name:<{_NAME_WIDTH}} {doing}"
        self._live.update(self._task, completed=completed, total=total, description=description)

    def done(self, text: str) -> float:
        """End the step and return its duration in seconds."""
        took = monotonic() - self._began
        self._halt()
        if self._console.is_terminal:
            mark = "ok" if self._console.options.ascii_only else "✓"
            line = Text.assemble((f"{mark} ", "green"), (f"{self._name:<{_NAME_WIDTH}} ", "bold"), text)
            self._console.print(line, Text(seconds_text(took), style="dim"), soft_wrap=True)
        else:
            self._console.print(Text(f"{self._name}: {text} ({seconds_text(took)})"), soft_wrap=True)
        return took

    def rows(self, title: str, fields: Mapping[str, str]) -> None:
        """Print an item of a table."""
        if not self._console.is_terminal:
            self._console.print(Text(f"  {title}"), soft_wrap=True)
            for name, value in fields.items():
                self._console.print(Text(f"    {name} = {value}"), soft_wrap=True)
            return
        grid = Table.grid(padding=(0, 2))
        for name, value in fields.items():
            grid.add_row(Text(name, style="cyan"), Text(value, overflow="fold"))
        self._console.print(Panel(grid, title=title, title_align="left", border_style="dim", expand=False))

    def summary(self, figures: Mapping[str, str]) -> None:
        """Print the figures of the summary."""
        self._console.print()
        width = max(map(len, figures))
        for name, value in figures.items():
            self._console.print(Text.assemble((f"{name:<{width}}  ", ""), (value, "bold")), soft_wrap=True)

    def fail(self, sentence: str) -> None:
        """Print the reason for which the demo ends."""
        self._halt()
        where = f"{self._name}: " if self._name else ""
        self._console.print(Text(f"{where}{sentence}", style="bold red"), soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Print a remark."""
        self._halt()
        self._console.print(Text(sentence, style="dim"), soft_wrap=True)

    def close(self) -> None:
        """Stop the spinner."""
        with suppress(OSError):  # the terminal may be closed
            self._halt()

    def _halt(self) -> None:
        live, self._live = self._live, None
        if live:
            live.stop()
