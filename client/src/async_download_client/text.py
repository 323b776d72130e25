"""Text that others wrote, made safe for a terminal and for a log."""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # shape letters and emoji; they reorder nothing


def printable(text: str) -> str:
    """Replace control characters, direction marks and line breaks by U+FFFD, as a terminal would obey them."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\ufffd" if unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS else letter for letter in text
    )
