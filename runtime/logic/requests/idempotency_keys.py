"""Checks idempotency keys: a request that is repeated with its key gets the same download and a ticket for it."""

from __future__ import annotations

import re

from runtime.errors import InvalidRequestError

SHARED_OWNERS = ("address:", "key:")
MIN_LENGTH = 32  # hexadecimal digits of 128 random bits
MIN_DIFFERENT = 6  # of 32 random hexadecimal digits, fewer are different once in 3 * 10^12 keys
_SHAPE = re.compile(r"[\x21-\x7e]{1,255}")


def check(key: str | None, owner: str) -> None:
    """Refuse a key that is malformed, or that another client of the same owner could guess.

    All clients with one API key are one owner, and so are all clients of one address.

    Raises:
        InvalidRequestError: the message says what to send.
    """
    if key is None:
        return
    if not _SHAPE.fullmatch(key):
        raise InvalidRequestError("Idempotency-Key has to be 1 to 255 printable ASCII characters without spaces.")
    if owner.startswith(SHARED_OWNERS) and (len(key) < MIN_LENGTH or len(set(key)) < MIN_DIFFERENT):
        raise InvalidRequestError(
            f"Idempotency-Key has to be hard to guess, because others call with the same API key or from the same "
            f"address: send a random UUID, or at least {MIN_LENGTH} random characters."
        )
