"""The options of each command."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable

from async_download_client.cli import values
from async_download_client.cli.completion import SHELLS
from async_download_client.timing import Timing
from async_download_client.transport import USER_AGENT

__all__ = ["make_parser"]

_URL = "the stack's output downloadUrl or apiUrl"
_DOWNLOAD = "a file with what `request` printed, or the API answered; - is stdin"
_RAW = argparse.RawDescriptionHelpFormatter
Add = Callable[[argparse.ArgumentParser], None]


def make_parser(exit_codes: str) -> argparse.ArgumentParser:
    """The parser; `exit_codes` is the text with their table, for the help."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", exit_codes, re.MULTILINE)
    epilog = "exit codes:\n" + "\n".join(f"  {code:>3}  {means}" for code, means in rows)
    parser = argparse.ArgumentParser(
        prog="async-download",
        description="Download files through an async-download stack.",
        epilog=epilog,
        formatter_class=_RAW,
    )
    parser.add_argument("--version", action="version", version=USER_AGENT)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, *groups: Add) -> None:
        made = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=epilog, formatter_class=_RAW
        )
        for add in groups:
            add(made)

    command("get", "ask for a file, wait until it is ready, download and verify it", _order, _save, _wait, _api, _show)
    command("request", "ask for a file and print the API's answer, which holds a ticket: keep it secret", _order, _api)
    command("status", "say how far a download is", _download, _api, _show)
    command("cancel", "cancel a download", _download, _api, _show)
    command("watch", "say how a download goes until it has ended", _download, _print_url, _wait, _api, _show)
    command("completion", "print the completion script of a shell", _shell)
    return parser


def _order(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", type=values.url, metavar="URL", help=_URL)
    parser.add_argument("--path", help="path of the file under its origin; default: the origin's defaultPath")
    parser.add_argument("--origin", metavar="NAME", help="the origin; may be left out where there is only one")
    parser.add_argument("--file-name", metavar="NAME", help="the name that browsers save the file under")
    parser.add_argument("--sha256", type=values.sha256, metavar="HEX", help="what the file's SHA-256 has to be")
    parser.add_argument("--size", type=values.size, metavar="BYTES", help="how many bytes the file has to have")


def _save(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        type=values.output,
        required=True,
        metavar="FILE",
        help="where to write it, by way of FILE.part; is replaced; - is stdout, in order and without --parallel",
    )
    parser.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on with what an interrupted command left, if it is of the same object; default: yes",
    )
    parser.add_argument(
        "--parallel", type=values.count, default=8, metavar="N", help="GETs at once, 1 to 64; default: %(default)s"
    )
    parser.add_argument("--limit-rate", type=values.rate, metavar="RATE", help="bytes a second, such as 500K or 2M")


def _wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=values.seconds,
        metavar="SECONDS",
        help="how long to wait for the file to be ready; default: as long as the download lives",
    )


def _api(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the REST API", "What a stack wants is its setting restAuth.")
    group.add_argument("--iam", action="store_true", help="sign with AWS credentials; --profile and --region imply it")
    group.add_argument("--profile", metavar="NAME", help="the AWS profile; default: AWS_PROFILE, as in the AWS CLI")
    group.add_argument(
        "--region", metavar="NAME", help="the region to sign for; default: the URL's, AWS_REGION or the profile's"
    )
    group.add_argument("--api-key", metavar="KEY", help="better in the environment: ASYNC_DOWNLOAD_API_KEY")
    group.add_argument("--bearer", metavar="TOKEN", help="better in the environment: ASYNC_DOWNLOAD_TOKEN")
    group.add_argument(
        "--header",
        type=values.header,
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="any other header; may be repeated",
    )
    group.add_argument(
        "--allow-http",
        action="store_true",
        help="let tickets, credentials and signed URLs travel in plain text to other machines than this",
    )
    group.add_argument(
        "--read-timeout",
        type=values.seconds,
        default=30.0,
        metavar="SECONDS",
        help="how long a server may be silent; default: %(default)g",
    )
    group.add_argument(
        "--retry-for",
        type=values.seconds,
        default=Timing.outage,
        metavar="SECONDS",
        help="how long nothing at all may get through before giving up; default: %(default)g",
    )


def _show(parser: argparse.ArgumentParser) -> None:
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="JSON lines on stdout")
    output.add_argument("--quiet", action="store_true", help="nothing but errors")


def _download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("download", metavar="DOWNLOAD", help=_DOWNLOAD)
    parser.add_argument(
        "--url",
        type=values.url,
        default=os.environ.get("ASYNC_DOWNLOAD_URL") or None,
        help=f"{_URL}, where the REST API wants credentials: they go to no other; default: ASYNC_DOWNLOAD_URL",
    )


def _print_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--print-url", action="store_true", help="print the pre-signed URL on stdout when it is ready")


def _shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="which; docs/downloading.md says where its script goes")
