"""Tickets: `<download id>.<256 random bits>`. Only the SHA-256 of the secret half is ever stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime.errors import TicketRefusedError, TicketRequiredError

MAX_PER_DOWNLOAD = 5
_SHAPE = re.compile(r"[0-9a-f]{32}\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Ticket:
    """A ticket of a client. Its secret is left out of `repr`."""

    download_id: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """Return the text that the client sends."""
        return f"{self.download_id}.{self.secret}"

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the secret, which is stored."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def opens(self, hashes: Iterable[str]) -> bool:
        """Return whether one of the stored hashes is this ticket's, in constant time."""
        matches = False
        for stored in hashes:
            matches |= hmac.compare_digest(stored, self.hash)
        return matches


def issue(download_id: str) -> Ticket:
    """Return a new ticket for a download."""
    return Ticket(download_id, secrets.token_urlsafe(32))


def parse(text: str | None) -> Ticket:
    """Return the ticket that a client sent.

    Raises:
        TicketRequiredError: the client sent none.
        TicketRefusedError: it is malformed.
    """
    if not text:
        raise TicketRequiredError
    if not _SHAPE.fullmatch(text):
        raise TicketRefusedError
    download_id, secret = text.split(".")
    return Ticket(download_id, secret)
