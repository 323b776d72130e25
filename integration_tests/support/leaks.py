"""Find secrets in records: any 16 consecutive characters of a secret, and parameters of signed links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from integration_tests.support.records import Line

PIECE = 16
_WORDS = re.compile(rf"[A-Za-z0-9_+/=-]{{{PIECE},}}")
_SIGNED = re.compile(r"X-Amz-(Signature|Credential|Security-Token)|AWSSecretKey", re.IGNORECASE)


def find_leaks(sources: Mapping[str, Iterable[Line]], secrets: Iterable[str]) -> list[str]:
    """Return the places that hold part of a secret or of a signed link, without the secret itself."""
    pieces = {secret[at : at + PIECE] for secret in secrets for at in range(len(secret) - PIECE + 1)}
    places = {
        f"{source}: {place}" for source, lines in sources.items() for place, text in lines if _leaks(text, pieces)
    }
    return sorted(places)


def _leaks(text: str, pieces: set[str]) -> bool:
    if _SIGNED.search(text):
        return True
    words = _WORDS.findall(text)
    return any(word[at : at + PIECE] in pieces for word in words for at in range(len(word) - PIECE + 1))
