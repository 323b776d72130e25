"""A ticket opens its own download only; only the hash of its secret is stored."""

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


def test_ticket_has_256_random_bits() -> None:
    first, second = tickets.issue(ID), tickets.issue(ID)
    assert len(base64.urlsafe_b64decode(first.secret + "=")) == 32
    assert first.secret != second.secret


def test_ticket_is_url_safe_and_parsed_from_its_text() -> None:
    ticket = tickets.issue(ID)
    assert tickets.parse(ticket.text) == ticket
    assert not set(ticket.text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_only_the_sha256_of_the_secret_is_stored() -> None:
    ticket = tickets.issue(ID)
    assert ticket.hash == hashlib.sha256(ticket.secret.encode()).hexdigest()
    assert ticket.secret not in repr(ticket)


def test_every_stored_hash_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    compare_digest = hmac.compare_digest

    def compare(left: str, right: str) -> bool:
        compared.append(left)
        return compare_digest(left, right)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    ticket = tickets.issue(ID)
    assert ticket.opens([ticket.hash, "0" * 64, "1" * 64])
    assert compared == [ticket.hash, "0" * 64, "1" * 64]


@pytest.mark.parametrize("text", [None, ""])
def test_missing_ticket_is_required(text: str | None) -> None:
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
def test_malformed_ticket_is_refused_before_any_table_is_read(text: str) -> None:
    with pytest.raises(TicketRefusedError):
        tickets.parse(text)


@given(st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=5))
def test_ticket_opens_only_with_its_own_hash(hashes: list[str]) -> None:
    ticket = tickets.issue(ID)
    assert not ticket.opens(hashes)
    assert ticket.opens([*hashes, ticket.hash])


@given(st.text())
def test_arbitrary_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(TicketRequiredError, TicketRefusedError):
        assert tickets.parse(text).text == text
