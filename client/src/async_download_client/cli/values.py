"""Types of command-line options, for argparse."""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentTypeError

from async_download_client.api import parse_base_url, parse_header
from async_download_client.errors import CredentialsError
from async_download_client.secrets import clean_secret
from async_download_client.transport import MAX_TIMEOUT_SECONDS

_MAX_SECONDS = 31_536_000  # a year
_MAX_RATE = 1 << 50
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def url(argument: str) -> str:
    """Parse the base URL of a stack."""
    try:
        return parse_base_url(argument.strip())
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def stack_url(argument: str) -> str:
    """Parse the base URL of a stack in `--url` or its environment variable."""
    try:
        return url(argument)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{error} It is read from --url, else from ASYNC_DOWNLOAD_URL.") from None


def output(argument: str) -> str | None:
    """Parse a path, of which a slash at the end is kept; returns None for `-`, which is stdout."""
    if not argument:
        raise ArgumentTypeError("the name of the file is empty")
    return None if argument == "-" else argument


def sha256(argument: str) -> str:
    """Parse a SHA-256 of 64 hexadecimal digits."""
    if not re.fullmatch("[0-9a-fA-F]{64}", argument):
        raise ArgumentTypeError("a SHA-256 has 64 hexadecimal digits")
    return argument.lower()


def size(argument: str) -> int:
    """Parse a number of bytes."""
    if not re.fullmatch("[0-9]{1,18}", argument):
        raise ArgumentTypeError("a size is a number of bytes")
    return int(argument)


def text(argument: str) -> str:
    """Parse a text; bytes that the locale's encoding lacks are read as UTF-8."""
    if not re.search("[\udc80-\udcff]", argument):
        return argument
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        encoding = sys.getfilesystemencoding()
        raise ArgumentTypeError(
            f"it is not text in {encoding}, the encoding of the locale, nor in UTF-8; set LC_ALL to a locale of UTF-8"
        ) from None


def secret(argument: str) -> str:
    """Parse a key or token; messages do not hold it."""
    try:
        return clean_secret(argument, "the value")
    except CredentialsError as error:
        raise ArgumentTypeError(str(error)) from None


def header(argument: str) -> tuple[str, str]:
    """Parse a header into its name and value; messages do not hold the value."""
    name, colon, value = argument.partition(":")
    if not colon:
        raise ArgumentTypeError("a header looks like 'Name: value'")
    try:
        return parse_header(name, value)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def seconds(argument: str) -> float:
    """Parse a number of seconds up to a year."""
    return _seconds(argument, _MAX_SECONDS)


def read_timeout(argument: str) -> float:
    """Parse a number of seconds up to a day."""
    return _seconds(argument, MAX_TIMEOUT_SECONDS)


def _seconds(argument: str, maximum: int) -> float:
    try:
        value = float(argument)
    except ValueError:
        value = 0.0
    if not 0 < value <= maximum:
        raise ArgumentTypeError(f"a number of seconds above 0 and up to {maximum:,}")
    return value


def count(argument: str) -> int:
    """Parse a number of simultaneous GETs, 1 to 64."""
    if not re.fullmatch("[0-9]{1,2}", argument) or not 1 <= int(argument) <= 64:
        raise ArgumentTypeError("a number from 1 to 64")
    return int(argument)


def rate(argument: str) -> int:
    """Parse bytes per second, in the notation of curl: 500K, 2M, 1.5G."""
    match = re.fullmatch(r"([0-9]{1,16}(?:\.[0-9]{1,16})?)([kmg]?)", argument.lower())
    value = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    if not 1 <= value <= _MAX_RATE:
        raise ArgumentTypeError(f"bytes per second, such as 500K or 2M, up to {_MAX_RATE >> 30:,}G")
    return value
