"""Builds the parser with the options of each command."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import timedelta

from async_download_admin import VERSION
from async_download_admin.cli import values
from async_download_admin.outputs import LOCAL_OUTPUTS

_RAW = argparse.RawDescriptionHelpFormatter
_DOWNLOAD = "downloadId or executionArn of a download"
AddOptions = Callable[[argparse.ArgumentParser], None]


def make_parser(exit_codes: str) -> argparse.ArgumentParser:
    """Return the parser; `exit_codes` is a text with the table of exit codes, for the help."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", exit_codes, re.MULTILINE)
    epilog = "exit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in rows)
    parser = argparse.ArgumentParser(
        prog="async-download-admin",
        description="Operate an async-download stack.",
        epilog=epilog,
        formatter_class=_RAW,
    )
    parser.add_argument("--version", action="version", version=f"async-download-admin/{VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (text, add_options) in _COMMANDS.items():
        subparser = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=epilog, formatter_class=_RAW
        )
        add_options(subparser)
        subparser.add_argument("--json", action="store_true", help="print one JSON document on stdout")
        _add_stack(subparser)
        _add_aws(subparser)
    return parser


def _add_stack(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the stack, one of").add_mutually_exclusive_group(required=True)
    group.add_argument("--stack", metavar="NAME", help="a Pulumi stack; runs `pulumi stack output --json`")
    group.add_argument("--outputs", metavar="FILE", help="the output of `pulumi stack output --json`; - is stdin")
    group.add_argument("--local", action="store_true", help=f"the stack of `make local` ({LOCAL_OUTPUTS})")


def _add_aws(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("AWS", "Credentials come from the same places as those of the AWS CLI.")
    group.add_argument("--profile", metavar="NAME", help="the AWS profile; default: AWS_PROFILE")
    group.add_argument("--region", metavar="NAME", help="the region; has to be that of the stack, which is the default")
    group.add_argument(
        "--endpoint-url", type=values.endpoint, metavar="URL", help="of all services; default: AWS_ENDPOINT_URL"
    )


def _add_show(parser: argparse.ArgumentParser) -> None:
    _add_download(parser)
    parser.add_argument("--no-logs", dest="logs", action="store_false", help="do not search the logs")


def _add_list(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--running", action="store_true", help="only running executions")
    group.add_argument("--failed", action="store_true", help="only executions that failed, timed out or were stopped")
    parser.add_argument(
        "--since",
        type=values.period,
        default=timedelta(days=1),
        metavar="PERIOD",
        help="started within this period, such as 30m, 2h or 7d, up to 90d; default: 1d",
    )
    parser.add_argument("--origin", metavar="NAME", help="only of this origin; its item has to exist")
    parser.add_argument("--code", metavar="CODE", help="only with this failure code, such as ORIGIN_NOT_FOUND")
    parser.add_argument("--limit", type=values.count, default=100, metavar="N", help="at most so many; default: 100")


def _add_download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("download", metavar="ID", help=_DOWNLOAD)


def _add_redrive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="call the functions again, and delete what succeeded")
    parser.add_argument("--limit", type=values.count, default=1000, metavar="N", help="at most so many; default: 1000")


def _add_drain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--undo", action="store_true", help="accept requests again")
    parser.add_argument(
        "--timeout",
        type=values.seconds,
        default=3600.0,
        metavar="SECONDS",
        help="how long to wait until no download runs; default: 3600",
    )
    parser.add_argument(
        "--before-destroy", action="store_true", help="also wait until no execution waits for idle WebSockets"
    )


def _add_smoke(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--path", metavar="PATH", help="path of a file under its origin; default: the defaultPath")
    parser.add_argument("--origin", metavar="NAME", help="the origin; optional if the stack has only one")
    parser.add_argument(
        "--timeout",
        type=values.seconds,
        default=300.0,
        metavar="SECONDS",
        help="how long to wait until the file is ready; default: 300",
    )


def _add_nothing(_: argparse.ArgumentParser) -> None:
    pass


def _add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "commands", nargs="*", type=values.command, metavar="COMMAND", help="of these commands; default: of all"
    )


_COMMANDS: dict[str, tuple[str, AddOptions]] = {
    "show": ("show a download with its execution, connections, object and log lines", _add_show),
    "list": ("list downloads of the last hours or days", _add_list),
    "redrive": ("show the dead-letter queue; with --yes, work it off", _add_redrive),
    "revoke": ("revoke all tickets of a download", _add_download),
    "cancel": ("cancel a download", _add_download),
    "drain": ("stop requests and wait until no download runs", _add_drain),
    "smoke": ("test the stack with one download", _add_smoke),
    "doctor": ("find settings that would make downloads fail", _add_nothing),
    "policy": ("print the IAM policy that commands need on this stack", _add_policy),
}

COMMAND_NAMES = tuple(_COMMANDS)
