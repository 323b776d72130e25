"""The command `async-download`.

| exit code | means |
|---|---|
| 0 | the file is there, whole and verified |
| 1 | something unforeseen |
| 2 | wrong usage |
| 3 | refused: wrong path, origin, ticket or credentials |
| 4 | the stack could not get the file from its origin, or the download was cancelled |
| 5 | not ready within --timeout |
| 6 | corrupt: wrong size or checksum |
| 7 | network: no connection, or it broke, in spite of retries |
| 8 | the file cannot be written |
| 130 | Ctrl-C (143: SIGTERM); a second one stops at once |
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from async_download_client.api import base_of
from async_download_client.client import Client
from async_download_client.display import display_for
from async_download_client.errors import (
    AsyncDownloadError,
    CorruptError,
    DownloadFailedError,
    FileError,
    NetworkError,
    RefusedError,
    WaitTimeoutError,
)

__all__ = ["EXIT_CODES", "main"]

EXIT_CODES: dict[type[AsyncDownloadError], int] = {
    RefusedError: 3,
    DownloadFailedError: 4,
    WaitTimeoutError: 5,
    CorruptError: 6,
    NetworkError: 7,
    FileError: 8,
}
_EPILOG = "exit codes:\n" + "\n".join(
    f"  {code.strip():>3}  {means.strip()}"
    for code, means in re.findall(r"^\| (\d+) \| (.+) \|$", __doc__ or "", re.MULTILINE)
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the answer is its exit code."""
    arguments = _parser().parse_args(argv)
    stopped_by = _listen_to_signals()
    try:
        _get(arguments)
    except AsyncDownloadError as error:
        code = exit_code_of(error)
        if arguments.json:
            print(json.dumps({"event": "error", "code": error.code, "message": str(error), "exitCode": code}))
        print(f"async-download: {error} [{error.code}]", file=sys.stderr)
        return code
    except KeyboardInterrupt:
        print("async-download: stopped; nothing was kept", file=sys.stderr)
        return 128 + (stopped_by[0] if stopped_by else signal.SIGINT)
    except BrokenPipeError:  # whoever read our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def exit_code_of(error: AsyncDownloadError) -> int:
    """The exit code that an error stands for."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)


def _get(arguments: argparse.Namespace) -> None:
    headers = dict(arguments.header)
    if arguments.api_key:
        headers["x-api-key"] = arguments.api_key
    with (
        Client(arguments.url, headers=headers) as client,
        display_for(json_lines=arguments.json, quiet=arguments.quiet) as show,
    ):
        client.get(
            arguments.path,
            arguments.output,
            arguments.origin,
            arguments.file_name,
            arguments.sha256,
            on_event=show,
            timeout=arguments.timeout,
        )


def _listen_to_signals() -> list[int]:
    """The first Ctrl-C or SIGTERM interrupts and cleans up, the second ends the process at once."""
    stopped_by: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if stopped_by:
            os._exit(128 + number)
        stopped_by.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped_by


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="async-download",
        description="Download files through an async-download stack.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    get = commands.add_parser(
        "get",
        help="ask for a file, wait until it is ready, download and verify it",
        epilog=_EPILOG,
        description="Ask for a file, wait until it is ready, download it to FILE.part, verify it, rename it to FILE.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    get.add_argument("url", type=_url, metavar="URL", help="the stack's output downloadUrl or apiUrl")
    get.add_argument("--path", help="path of the file under its origin; default: the origin's defaultPath")
    get.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where to write it; is replaced")
    get.add_argument("--origin", metavar="NAME", help="the origin; may be left out where there is only one")
    get.add_argument("--file-name", metavar="NAME", help="the name that browsers save the file under")
    get.add_argument("--sha256", type=_sha256, metavar="HEX", help="what the file's SHA-256 has to be")
    get.add_argument(
        "--api-key",
        metavar="KEY",
        default=os.environ.get("ASYNC_DOWNLOAD_API_KEY"),
        help="API key; better in the environment: ASYNC_DOWNLOAD_API_KEY",
    )
    get.add_argument(
        "--header",
        type=_header,
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="a header for the REST API; may be repeated",
    )
    get.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="how long to wait for the file to be ready; default: as long as the download lives",
    )
    output = get.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="events as JSON lines on stdout")
    output.add_argument("--quiet", action="store_true", help="nothing but errors")
    return parser


def _url(text: str) -> str:
    try:
        return base_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _sha256(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError("a SHA-256 has 64 hexadecimal digits")
    return text.lower()


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or "\n" in value or "\r" in value:
        raise argparse.ArgumentTypeError("a header looks like 'Name: value'")
    return name, value.strip()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("a number of seconds above 0")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
