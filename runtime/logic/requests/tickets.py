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
    """A ticket as the client holds it; its secret stays out of `repr`."""

    download_id: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """What the client sends."""
        return f"{self.download_id}.{self.secret}"

    @property
    def hash(self) -> str:
        """What is stored."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def opens(self, hashes: Iterable[str]) -> bool:
        """Whether one of the stored hashes is this ticket's; takes as long for none as for any."""
        found = False
        for stored in hashes:
            found |= hmac.compare_digest(stored, self.hash)
        return found


def issue(download_id: str) -> Ticket:
    """A fresh ticket for a download."""
    return Ticket(download_id, secrets.token_urlsafe(32))


def parse(text: str | None) -> Ticket:
    """The ticket that a client sent.

    Raises:
        TicketRequiredError: there is none.
        TicketRefusedError: it cannot be one of ours.
    """
    if not text:
        raise TicketRequiredError
    if not _SHAPE.fullmatch(text):
        raise TicketRefusedError
    download_id, secret = text.split(".")
    return Ticket(download_id, secret)
