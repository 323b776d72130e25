"""Types of command-line options, for argparse."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from async_download_client.api import parse_base_url

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def url(text: str) -> str:
    """Parse the base URL of a stack."""
    try:
        return parse_base_url(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def output(text: str) -> str | None:
    """Parse a path, of which a slash at the end is kept; returns None for `-`, which is stdout."""
    if not text:
        raise ArgumentTypeError("the name of the file is empty")
    return None if text == "-" else text


def sha256(text: str) -> str:
    """Parse a SHA-256 of 64 hexadecimal digits."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise ArgumentTypeError("a SHA-256 has 64 hexadecimal digits")
    return text.lower()


def size(text: str) -> int:
    """Parse a number of bytes."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ArgumentTypeError("a size is a number of bytes")
    return int(text)


def header(text: str) -> tuple[str, str]:
    """Parse a header into its name and value."""
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or "\n" in value or "\r" in value:
        raise ArgumentTypeError("a header looks like 'Name: value'")
    return name, value.strip()


def seconds(text: str) -> float:
    """Parse a number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ArgumentTypeError("a number of seconds above 0")
    return value


def count(text: str) -> int:
    """Parse a number of simultaneous GETs, 1 to 64."""
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise ArgumentTypeError("a number from 1 to 64")
    return int(text)


def rate(text: str) -> int:
    """Parse bytes per second, in the notation of curl: 500K, 2M, 1.5G."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?)", text.lower())
    value = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    if value < 1:
        raise ArgumentTypeError("bytes per second, such as 500K or 2M")
    return value
