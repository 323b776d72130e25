"""A ticket opens its download and nothing else; only the hash of its secret is kept."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import TicketRefusedError, TicketRequiredError
from runtime.logic.requests import tickets

ID = "0123456789abcdef" * 2


def test_a_ticket_has_256_random_bits() -> None:
    """As many as its hash."""
    first, second = tickets.issue(ID), tickets.issue(ID)
    assert len(base64.urlsafe_b64decode(first.secret + "=")) == 32
    assert first.secret != second.secret


def test_a_ticket_is_safe_in_a_url_and_comes_back_from_its_text() -> None:
    """It travels in a query string."""
    ticket = tickets.issue(ID)
    assert tickets.parse(ticket.text) == ticket
    assert not set(ticket.text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_only_the_hash_of_the_secret_is_stored() -> None:
    """SHA-256, hex."""
    ticket = tickets.issue(ID)
    assert ticket.hash == hashlib.sha256(ticket.secret.encode()).hexdigest()
    assert ticket.secret not in repr(ticket)


def test_the_comparison_takes_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stored hash is compared with compare_digest, the right one found or not."""
    compared: list[str] = []
    real = hmac.compare_digest

    def compare(left: str, right: str) -> bool:
        compared.append(left)
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    ticket = tickets.issue(ID)
    assert ticket.opens([ticket.hash, "0" * 64, "1" * 64])
    assert compared == [ticket.hash, "0" * 64, "1" * 64]


@pytest.mark.parametrize("text", [None, ""])
def test_no_ticket_is_asked_for(text: str | None) -> None:
    """401, with what to do."""
    with pytest.raises(TicketRequiredError):
        tickets.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        ID,
        f"{ID}.",
        f"{ID}.short",
        f"{ID.upper()}.{'a' * 43}",
        f"{ID}.{'a' * 44}",
        f"{ID}.{'a' * 42}\n",
        f"{ID}.{'a' * 43}\n",
        f"{ID}.{'a' * 42}é",
        f"{ID}:{'a' * 43}",
        f"../{ID}.{'a' * 43}",
        "a" * 100_000,
    ],
)
def test_what_cannot_be_a_ticket_is_refused_unread(text: str) -> None:
    """Without a look at any table."""
    with pytest.raises(TicketRefusedError):
        tickets.parse(text)


@given(st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=5))
def test_no_other_hash_opens(hashes: list[str]) -> None:
    """A ticket opens if and only if its own hash is among them."""
    ticket = tickets.issue(ID)
    assert not ticket.opens(hashes)
    assert ticket.opens([*hashes, ticket.hash])


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Nothing else can come out of it."""
    with contextlib.suppress(TicketRequiredError, TicketRefusedError):
        assert tickets.parse(text).text == text
