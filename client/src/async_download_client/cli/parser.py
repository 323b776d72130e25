"""Builds the parser with the options of each command."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from typing import NoReturn

from async_download_client.cli import values
from async_download_client.cli.completion import SHELLS
from async_download_client.timing import Timing
from async_download_client.transport import USER_AGENT

_URL = "the stack's output downloadUrl or apiUrl"
_DOWNLOAD = "a file with the output of `request`, or the API's response; - is stdin"
_RAW = argparse.RawDescriptionHelpFormatter
_BETTER = "better in the environment: {}"
_VALUES = (
    (r"invalid choice: .*(?= \(choose from)", "invalid choice"),
    (r"ignored explicit argument .*", "it takes no value"),
    (r"(ambiguous option: [^\s=]+)=.*(?= could match)", r"\1"),
    (r"(invalid \w+ value): .*", r"\1"),
)
AddOptions = Callable[[argparse.ArgumentParser], None]


class _Parser(argparse.ArgumentParser):
    """A parser whose messages hold no values, as a mistyped option may be followed by a secret."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit with 2."""
        head, separator, words = message.partition("unrecognized arguments: ")
        if separator:
            options = [word for word in words.split() if re.fullmatch("--[a-z][a-z-]{0,30}", word.partition("=")[0])]
            message = f"{head}unrecognized arguments {' '.join(word.partition('=')[0] for word in options)}".strip()
        for pattern, replacement in _VALUES:
            message = re.sub(pattern, replacement, message, flags=re.DOTALL)
        super().error(message)


def make_parser(exit_codes: str) -> argparse.ArgumentParser:
    """Return the parser; `exit_codes` is a text with the table of exit codes, for the help."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", exit_codes, re.MULTILINE)
    epilog = "exit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in rows)
    parser = _Parser(
        prog="async-download",
        description="Download files through an async-download stack.",
        epilog=epilog,
        formatter_class=_RAW,
    )
    parser.add_argument("--version", action="version", version=USER_AGENT)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add_command(name: str, text: str, *groups: AddOptions) -> None:
        subparser = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=epilog, formatter_class=_RAW
        )
        for add_options in groups:
            add_options(subparser)

    add_command(
        "get",
        "request a file, wait until it is ready, download and verify it",
        _add_request,
        _add_output,
        _add_timeout,
        _add_api,
        _add_verbosity,
    )
    add_command(
        "request",
        "request a file and print the API's response, which holds a ticket: keep it secret",
        _add_request,
        _add_api,
    )
    add_command("status", "print the status of a download", _add_download, _add_api, _add_verbosity)
    add_command("cancel", "cancel a download", _add_download, _add_api, _add_verbosity)
    add_command(
        "watch",
        "print the progress of a download until it has ended",
        _add_download,
        _add_print_url,
        _add_timeout,
        _add_api,
        _add_verbosity,
    )
    add_command("completion", "print the completion script of a shell", _add_shell)
    return parser


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", type=values.url, metavar="URL", help=_URL)
    parser.add_argument(
        "--path", type=values.text, help="path of the file under its origin; default: the origin's defaultPath"
    )
    parser.add_argument(
        "--origin", type=values.text, metavar="NAME", help="the origin; optional if the stack has only one"
    )
    parser.add_argument(
        "--file-name", type=values.text, metavar="NAME", help="the name that browsers save the file under"
    )
    parser.add_argument("--sha256", type=values.sha256, metavar="HEX", help="the SHA-256 that the file must have")
    parser.add_argument("--size", type=values.size, metavar="BYTES", help="the size that the file must have")


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        type=values.output,
        required=True,
        metavar="FILE",
        help="the target: a file is written by way of FILE.part and replaced, devices, FIFOs and stdout (-) in order",
    )
    parser.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the bytes that an interrupted command left, if they are of the same object; default: yes",
    )
    parser.add_argument(
        "--parallel", type=values.count, default=8, metavar="N", help="GETs at a time, 1 to 64; default: %(default)s"
    )
    parser.add_argument(
        "--sync", action="store_true", help="wait until the disk has the file, safe from a power cut; devices too"
    )
    parser.add_argument("--limit-rate", type=values.rate, metavar="RATE", help="bytes per second, such as 500K or 2M")


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=values.seconds,
        metavar="SECONDS",
        help="how long to wait until the file is ready; default: until the download expires",
    )


def _add_api(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the REST API", "Its setting auth.type says which credentials a stack requires.")
    group.add_argument("--iam", action="store_true", help="sign with AWS credentials; --profile and --region imply it")
    group.add_argument("--profile", metavar="NAME", help="the AWS profile; default: AWS_PROFILE, as in the AWS CLI")
    group.add_argument(
        "--region", metavar="NAME", help="the region to sign for; default: the URL's, AWS_REGION or the profile's"
    )
    group.add_argument(
        "--api-key", type=values.secret, metavar="KEY", help="better in the environment: ASYNC_DOWNLOAD_API_KEY"
    )
    group.add_argument(
        "--bearer", type=values.secret, metavar="TOKEN", help="better in the environment: ASYNC_DOWNLOAD_TOKEN"
    )
    group.add_argument(
        "--header",
        type=values.header,
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="another header; may be repeated",
    )
    group.add_argument(
        "--allow-http",
        action="store_true",
        help="send tickets, credentials and signed URLs in plain text also to other machines",
    )
    group.add_argument(
        "--read-timeout",
        type=values.read_timeout,
        default=30.0,
        metavar="SECONDS",
        help="how long a server may be silent; default: %(default)g",
    )
    group.add_argument(
        "--retry-for",
        type=values.seconds,
        default=Timing.max_outage,
        metavar="SECONDS",
        help="how long to retry while nothing is received, from the first call on; default: %(default)g",
    )


def _add_verbosity(parser: argparse.ArgumentParser) -> None:
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="JSON lines on stdout")
    output.add_argument("--quiet", action="store_true", help="print errors only")


def _add_download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("download", metavar="DOWNLOAD", help=_DOWNLOAD)
    parser.add_argument(
        "--url",
        type=values.stack_url,
        default=os.environ.get("ASYNC_DOWNLOAD_URL") or None,
        help=f"{_URL}; credentials are sent to no other; default: ASYNC_DOWNLOAD_URL",
    )


def _add_print_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--print-url", action="store_true", help="print the pre-signed URL on stdout when it is ready")


def _add_shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell; docs/downloading.md says how to install its script")
