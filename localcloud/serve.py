"""`make local`: keep the stack up on this machine until Ctrl-C and print its activity."""

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Never

from rich.console import Console
from rich.text import Text

from localcloud.activity import Line, of_origin
from localcloud.console import make_console
from localcloud.deployed_origins import origins_of
from localcloud.emulator import Emulator
from localcloud.errors import EmulatorError
from localcloud.origin import Origin
from localcloud.origins import NAME, demo_origin, own_origin
from localcloud.outputs_file import published, refuse_second
from localcloud.paths import WORD
from localcloud.stack import local_stack
from localcloud.walkthrough import addresses, env_line, steps
from localcloud.watch import Watch
from localcloud.web_page import WebPage

_COLOURS = {
    "REST": "cyan",
    "WS": "magenta",
    "S3": "green",
    "Origin": "bright_black",
    "Lambda": "yellow",
    "States": "blue",
}
_LOOK_SECONDS = 0.5


def serve(origin: str | None, directory: Path = WORD, console: Console | None = None) -> Never:
    """Keep the stack up until an exception (Stopped, at a signal) ends it.

    Args:
        origin: URL of an origin of the user's; without, the demo's.
        directory: where outputs.json and the emulator's log go.
        console: where to print.

    Raises:
        LocalCloudError: The stack could not be brought up, or its emulator ended.
    """
    console = console or make_console(soft_wrap=True)
    logging.basicConfig(format="warning: %(message)s")  # show the program's warnings
    started = time.monotonic()
    refuse_second(directory)
    console.print("Starting the emulator and deploying the stack …", style="dim")
    with (
        _origin(origin, console) as described,
        WebPage() as page,
        local_stack(
            {NAME: described}, {"api.corsOrigins": [page.origin]}, log_path=directory / "emulator.log", observe=True
        ) as stack,
    ):
        page.config = {"apiUrl": stack.outputs["apiUrl"], "restAuth": "none"}
        content = {**stack.outputs, **_reach(stack.emulator), "webPageUrl": page.url}
        content["origins"] = origins_of(stack.deployment)
        with published(content, directory), Watch(stack, lambda line: _show(console, line)):
            _welcome(console, content, directory, "defaultPath" in described, time.monotonic() - started)
            _wait(stack.emulator)


@contextlib.contextmanager
def _origin(url: str | None, console: Console) -> Iterator[dict[str, object]]:
    if url is not None:
        yield own_origin(url)
        return
    with Origin(on_request=lambda request: _show(console, of_origin(time.time(), request))) as demo:
        yield demo_origin(demo.base_url)


def serve_emulator(port: int, directory: Path, console: Console | None = None) -> Never:
    """Keep an emulator without a stack up until an exception (Stopped, at a signal) ends it.

    Args:
        port: its port on 127.0.0.1.
        directory: where outputs.json, which has its keys, and its log go.
        console: where to print.

    Raises:
        LocalCloudError: It did not start, or ended.
    """
    console = console or make_console(soft_wrap=True)
    refuse_second(directory)
    with Emulator(log_path=directory / "emulator.log", port=port) as emulator, published(_reach(emulator), directory):
        console.print(f"MiniStack answers on {emulator.endpoint}. Ctrl-C stops it.", style="bold")
        console.print(f"In the shell of your AWS tools:\n   {env_line(directory)}")
        _wait(emulator)


def _reach(emulator: Emulator) -> dict[str, object]:
    """Return endpoint, region and keys of the emulator."""
    return {
        "awsEndpoint": emulator.endpoint,
        "region": emulator.region,
        "accessKeyId": emulator.access_key_id,
        "secretAccessKey": emulator.secret_access_key,
    }


def _wait(emulator: Emulator) -> Never:
    while emulator.is_running():
        time.sleep(_LOOK_SECONDS)  # a signal ends the wait early
    raise EmulatorError(f"The emulator has ended. Last lines of its log:\n{emulator.log_tail()}")


def _welcome(console: Console, content: dict[str, object], directory: Path, default_path: bool, seconds: float) -> None:
    console.print(f"Ready after {seconds:.1f} s. Ctrl-C stops it.\n", style="bold")
    for name, value in addresses(content, directory):
        console.print(Text.assemble((f"{name:<10}", "bold"), value))
    for number, (title, lines) in enumerate(steps(content, default_path, directory), 1):
        console.print(Text(f"\n{number}. {title}:", style="bold"))
        for line in lines:
            console.print(Text(f"   {line}"))
    console.print("\nActivity:", style="bold")


def _show(console: Console, line: Line) -> None:
    clock = datetime.fromtimestamp(line.time).astimezone().strftime("%H:%M:%S.%f")[:-3]
    source = (f"{line.source:<7}", _COLOURS.get(line.source, ""))
    console.print(Text.assemble((clock, "dim"), " ", source, " ", (line.text, "red" if line.failed else "")))
