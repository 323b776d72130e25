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
import json
import signal
from collections.abc import Sequence
from pathlib import Path

from async_download_client.cli import commands
from async_download_client.cli.output import finish_streams, prepare_streams, print_progress, print_result
from async_download_client.cli.parser import make_parser
from async_download_client.cli.process import describe_unexpected, install_signal_handlers, parse
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
    arguments, stopped_by = argparse.Namespace(command=None), install_signal_handlers()
    try:
        parser = make_parser(__doc__ or "")
        parse(parser, argv, arguments)
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
    return AsyncDownloadError(
        f"{describe_unexpected(error, Path(__file__).parents[1])} Please report this line and {USER_AGENT}, "
        '"Report a fault" in the README of the downloader says where.',
        "UNEXPECTED",
    )


def _print_error(text: str) -> None:
    print_progress(f"async-download: {text}")
