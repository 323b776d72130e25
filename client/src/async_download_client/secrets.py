"""Checks of values that become headers, such as keys and tokens; no message holds the value."""

from __future__ import annotations

import re

from async_download_client.errors import CredentialsError

_VISIBLE = re.compile(r"[\t\x20-\x7e]*")


def clean_header_value(text: str) -> str:
    """Return a value without the blanks and line breaks around it; raises ValueError if a header cannot hold it."""
    text = text.strip(" \t\r\n")
    if not _VISIBLE.fullmatch(text):
        raise ValueError("it has a line break, a control character or a character outside of ASCII")
    return text


def clean_secret(text: str, name: str) -> str:
    """Return a key or token without the blanks and line breaks around it.

    Raises:
        CredentialsError: the secret is empty, or a header cannot hold it; the message has its `name` only.
    """
    try:
        secret = clean_header_value(text)
    except ValueError as error:
        raise CredentialsError(f"{name} cannot be used: {error}.") from None
    if not secret:
        raise CredentialsError(f"{name} is empty.")
    return secret
