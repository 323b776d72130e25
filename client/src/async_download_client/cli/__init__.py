"""The command `async-download`.

| exit code | means |
|---|---|
| 0 | success; `get` has written and verified the file |
| 1 | unexpected error |
| 2 | wrong usage |
| 3 | refused: wrong path, origin, ticket or credentials, no credentials, or a proxy that cannot be used |
| 4 | the stack could not get the file from its origin, or the download was cancelled |
| 5 | not ready within --timeout |
| 6 | corrupt: wrong size or checksum; the received bytes are deleted |
| 7 | network: no connection, or it broke, in spite of retries; the received bytes are kept |
| 8 | the file or the output cannot be written |
| 130 | Ctrl-C (143: SIGTERM), the received bytes are kept; a second one stops at once |
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import signal
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from async_download_client.cli import commands
from async_download_client.cli.output import finish_streams, prepare_streams, print_progress, print_result
from async_download_client.cli.parser import make_parser
from async_download_client.errors import (
    AsyncDownloadError,
    CorruptError,
    CredentialsError,
    DownloadFailedError,
    FileError,
    NetworkError,
    ProxyError,
    RefusedError,
    StoppedError,
    WaitTimeoutError,
)
from async_download_client.transport import USER_AGENT

__all__ = ["EXIT_CODES", "exit_code_of", "main"]

EXIT_CODES: dict[type[AsyncDownloadError], int] = {
    RefusedError: 3,
    CredentialsError: 3,
    DownloadFailedError: 4,
    WaitTimeoutError: 5,
    CorruptError: 6,
    NetworkError: 7,
    ProxyError: 3,
    FileError: 8,
    StoppedError: 130,
}

_RESUME_HINT = "run the same command again to resume"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    prepare_streams()
    arguments, stopped_by = argparse.Namespace(command=None), _install_signal_handlers()
    try:
        parser = make_parser(__doc__ or "")
        _parse(parser, argv, arguments)
        commands.run(arguments, parser)
    except AsyncDownloadError as error:
        return _report_error(arguments, error)
    except KeyboardInterrupt:
        _print_error(f"stopped; {_RESUME_HINT}" if commands.can_resume(arguments) else "stopped; no bytes were kept")
        return 128 + (stopped_by[0] if stopped_by else signal.SIGINT)
    except Exception as error:
        return _report_error(arguments, _unexpected_error(error))
    finally:
        finish_streams()
    return 0


def _parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None, arguments: argparse.Namespace) -> None:
    """Parse the arguments; raises FileError if --help cannot be printed, which argparse ignores."""
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            parser.parse_args(argv, arguments)
    except SystemExit:
        print_result(text.getvalue(), end="")
        raise


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
    unauthorized = isinstance(error, RefusedError) and error.status in (401, 403) and error.code != "REQUEST_BLOCKED"
    if unauthorized and getattr(arguments, "url", "") is None:
        _print_error(
            "only the ticket was sent; if the stack requires credentials, name it with --url or ASYNC_DOWNLOAD_URL"
        )
    if commands.can_resume(arguments):
        _print_error(_RESUME_HINT)
    return code


def _unexpected_error(error: Exception) -> AsyncDownloadError:
    """Return an error with the class and the place of an exception, without its text, which may hold secrets."""
    package = str(Path(__file__).parents[1])
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(package)]
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return AsyncDownloadError(
        f"An unexpected {type(error).__name__}{place}. Please report this line and {USER_AGENT}, "
        '"Report a fault" in the README of the downloader says where.',
        "UNEXPECTED",
    )


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
