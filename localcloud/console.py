"""The console that commands print to."""

from rich.console import Console

_DEFAULT_WIDTH = 80


def make_console(*, soft_wrap: bool = False) -> Console:
    """Return a console for stdout; with the width 0 of COLUMNS=0 it would print nothing, so it gets a usual one."""
    console = Console(highlight=False, soft_wrap=soft_wrap)
    if not console.width:
        console.width = _DEFAULT_WIDTH
    return console
