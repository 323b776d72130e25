"""What a command does around its work: it parses arguments, stops at signals, and names the place of a fault."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from async_download_client.cli.output import print_result


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None, arguments: argparse.Namespace) -> None:
    """Parse the arguments; raises FileError if --help cannot be printed, which argparse ignores."""
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            parser.parse_args(argv, arguments)
    except SystemExit:
        print_result(text.getvalue(), end="")
        raise


def describe_unexpected(error: Exception, package: Path) -> str:
    """Return class and place of an exception, without its text, which may hold secrets.

    The place is the innermost line in the folder `package`.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(package))]
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"An unexpected {type(error).__name__}{place}."


def install_signal_handlers() -> list[int]:
    """Raise KeyboardInterrupt on the first Ctrl-C or SIGTERM and exit on the second; returns a list of the first.

    A signal that is ignored stays ignored: shells do this with SIGINT for jobs in the background of scripts.
    """
    stopped_by: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if stopped_by:
            os._exit(128 + number)
        stopped_by.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    return stopped_by
