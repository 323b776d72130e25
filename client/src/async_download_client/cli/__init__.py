"""The command `async-download`.

| exit code | means |
|---|---|
| 0 | success; `get` has written and verified the file |
| 1 | unexpected error |
| 2 | wrong usage |
| 3 | refused: wrong path, origin, ticket or credentials, or no credentials |
| 4 | the stack could not get the file from its origin, or the download was cancelled |
| 5 | not ready within --timeout |
| 6 | corrupt: wrong size or checksum; the received bytes are deleted |
| 7 | network: no connection, or it broke, in spite of retries; the received bytes are kept |
| 8 | the file cannot be written |
| 130 | Ctrl-C (143: SIGTERM), the received bytes are kept; a second one stops at once |
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import signal
from collections.abc import Sequence
from types import FrameType

from async_download_client.cli import commands
from async_download_client.cli.output import prepare_streams, print_progress, print_result
from async_download_client.cli.parser import make_parser
from async_download_client.errors import (
    AsyncDownloadError,
    CorruptError,
    CredentialsError,
    DownloadFailedError,
    FileError,
    NetworkError,
    RefusedError,
    StoppedError,
    WaitTimeoutError,
)

__all__ = ["EXIT_CODES", "exit_code_of", "main"]

EXIT_CODES: dict[type[AsyncDownloadError], int] = {
    RefusedError: 3,
    CredentialsError: 3,
    DownloadFailedError: 4,
    WaitTimeoutError: 5,
    CorruptError: 6,
    NetworkError: 7,
    FileError: 8,
    StoppedError: 130,
}

_RESUME_HINT = "run the same command again to resume"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    prepare_streams()
    parser = make_parser(__doc__ or "")
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):  # argparse ignores it when --help cannot be written
            arguments = parser.parse_args(argv)
    except SystemExit:
        try:
            print_result(text.getvalue(), end="")
        except FileError as error:
            _print_error(f"{error} [{error.code}]")
            return exit_code_of(error)
        raise
    stopped_by = _install_signal_handlers()
    try:
        commands.run(arguments, parser)
    except AsyncDownloadError as error:
        return _report_error(arguments, error)
    except KeyboardInterrupt:
        _print_error(f"stopped; {_RESUME_HINT}" if commands.can_resume(arguments) else "stopped; no bytes were kept")
        return 128 + (stopped_by[0] if stopped_by else signal.SIGINT)
    return 0


def exit_code_of(error: AsyncDownloadError) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)


def _report_error(arguments: argparse.Namespace, error: AsyncDownloadError) -> int:
    code = exit_code_of(error)
    if getattr(arguments, "json", False):
        event = {"event": "error", "code": error.code, "message": str(error), "exitCode": code}
        with contextlib.suppress(FileError):  # stderr says it too
            print_result(json.dumps(event))
    _print_error(f"{error} [{error.code}]")
    if isinstance(error, RefusedError) and error.status in (401, 403) and getattr(arguments, "url", "") is None:
        _print_error(
            "only the ticket was sent; if the stack requires credentials, name it with --url or ASYNC_DOWNLOAD_URL"
        )
    if commands.can_resume(arguments):
        _print_error(_RESUME_HINT)
    return code


def _print_error(text: str) -> None:
    print_progress(f"async-download: {text}")


def _install_signal_handlers() -> list[int]:
    """Raise KeyboardInterrupt on the first Ctrl-C or SIGTERM and exit on the second; returns a list of the first."""
    stopped_by: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if stopped_by:
            os._exit(128 + number)
        stopped_by.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped_by
