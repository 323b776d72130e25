"""Makes text from servers safe for terminals and logs."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # shape letters and emoji; they reorder nothing


def printable(text: str) -> str:
    """Replace control characters, direction marks and line breaks, which a terminal would interpret, by U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\ufffd" if unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS else letter for letter in text
    )
