"""The command `async-download-admin`.

| exit code | means |
|---|---|
| 0 | success |
| 1 | unexpected error |
| 2 | wrong usage |
| 3 | refused: no or expired credentials, a missing permission, outputs or an id of another stack, account or region |
| 4 | `doctor`: a check failed; `smoke`: a step failed |
| 5 | `drain`: executions still run after --timeout; requests stay stopped |
| 6 | `redrive`: messages are left that are unreadable, or whose call failed |
| 7 | AWS does not answer, or refused a call for another reason than those above |
| 8 | the outputs of the stack cannot be read, or stdout cannot be written |
| 9 | there is no such download, or it has ended |
| 130 | Ctrl-C (143: SIGTERM) |
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
from collections.abc import Sequence
from pathlib import Path

from async_download_client import AsyncDownloadError, FileError
from async_download_client.cli.output import finish_streams, prepare_streams, print_progress, print_result
from async_download_client.cli.process import describe_unexpected, install_signal_handlers, parse

from async_download_admin import VERSION
from async_download_admin.cli.parser import make_parser
from async_download_admin.cli.run import run
from async_download_admin.errors import (
    AdminError,
    AwsCallError,
    CredentialsError,
    DownloadError,
    EndpointError,
    OutputsError,
    PermissionMissingError,
    WaitTimeoutError,
    WrongStackError,
)

__all__ = ["EXIT_CODES", "exit_code_of", "main"]

EXIT_CODES: dict[type[Exception], int] = {
    AwsCallError: 7,
    CredentialsError: 3,
    DownloadError: 9,
    EndpointError: 7,
    FileError: 8,
    OutputsError: 8,
    PermissionMissingError: 3,
    WaitTimeoutError: 5,
    WrongStackError: 3,
}

_DRAIN_HINT = "; requests stay stopped if they were: `drain` waits on, `drain --undo` accepts them again"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    prepare_streams()
    arguments, stopped_by = argparse.Namespace(command=None), install_signal_handlers()
    try:
        parse(make_parser(__doc__ or ""), argv, arguments)
        result = run(arguments)
        print_result(json.dumps(result.content, indent=2, default=str) if arguments.json else result.text)
    except (AdminError, AsyncDownloadError) as error:
        return _report(arguments, str(error), error.code, exit_code_of(error))
    except KeyboardInterrupt:
        print_progress(f"async-download-admin: stopped{_DRAIN_HINT if arguments.command == 'drain' else ''}")
        return 128 + (stopped_by[0] if stopped_by else signal.SIGINT)
    except Exception as error:
        return _report(arguments, _unexpected(error), "UNEXPECTED", 1)
    finally:
        finish_streams()
    return result.exit_code


def exit_code_of(error: Exception) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)


def _report(arguments: argparse.Namespace, message: str, code: str, exit_code: int) -> int:
    if getattr(arguments, "json", False):
        content = {"error": {"code": code, "message": message}, "exitCode": exit_code}
        with contextlib.suppress(FileError):  # stderr says it too
            print_result(json.dumps(content))
    print_progress(f"async-download-admin: {message} [{code}]")
    return exit_code


def _unexpected(error: Exception) -> str:
    return f"{describe_unexpected(error, Path(__file__).parents[1])} Please report this line and version {VERSION}."
