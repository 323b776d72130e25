"""Types of command-line options, for argparse."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import timedelta
from urllib.parse import urlsplit

from async_download_admin.permissions import COMMANDS

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MAX_PERIOD = timedelta(days=90)
_MAX_SECONDS = 86_400 * 30
_MAX_COUNT = 10_000


def period(argument: str) -> timedelta:
    """Parse a period such as 30m, 2h or 7d, up to 90 days."""
    match = re.fullmatch("([1-9][0-9]{0,6})([smhd])", argument)
    value = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < value <= _MAX_PERIOD:
        raise ArgumentTypeError("a period such as 30m, 2h or 7d, up to 90d: Step Functions keeps executions so long")
    return value


def seconds(argument: str) -> float:
    """Parse a number of seconds up to 30 days."""
    try:
        value = float(argument)
    except ValueError:
        value = -1.0
    if not 0 < value <= _MAX_SECONDS:
        raise ArgumentTypeError(f"a number of seconds above 0 and up to {_MAX_SECONDS:,}")
    return value


def count(argument: str) -> int:
    """Parse a number from 1 to 10,000."""
    if not re.fullmatch("[0-9]{1,5}", argument) or not 1 <= int(argument) <= _MAX_COUNT:
        raise ArgumentTypeError(f"a number from 1 to {_MAX_COUNT:,}")
    return int(argument)


def endpoint(argument: str) -> str:
    """Parse the URL of an endpoint."""
    try:
        parts = urlsplit(argument)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ArgumentTypeError("a URL such as http://127.0.0.1:4566")
    return argument.rstrip("/")


def command(argument: str) -> str:
    """Parse the name of a command."""
    if argument not in COMMANDS:
        raise ArgumentTypeError(f"one of {', '.join(COMMANDS)}")
    return argument
