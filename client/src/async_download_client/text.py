"""Makes text from servers safe for terminals and logs."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb]")  # not in names of files


def printable(text: str) -> str:
    """Replace control characters, line breaks, and characters that reorder or hide text, by U+FFFD.

    Joiners and other invisible characters that shape letters and emoji are kept, as file names may contain them.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = _REORDERING.sub("\ufffd", text)
    return "".join("\ufffd" if unicodedata.category(letter) in _HIDDEN else letter for letter in shown)
