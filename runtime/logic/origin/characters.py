"""Characters that no file name may hold, and characters that nobody sees.

Joiners (U+200C, U+200D), variation selectors, soft hyphens, zero-width spaces and tags are allowed in names: they shape
letters and emoji, and reorder nothing.
"""

from __future__ import annotations

import re
import unicodedata

CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""A character class: control characters, line and paragraph separators, and surrogates."""
REORDERING = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
"""A character class: the bidirectional controls of Unicode, and others that change or hide the text beside them."""
CONTROL = re.compile(f"[{CONTROLS}]")
IGNORABLE = re.compile(  # Default_Ignorable_Code_Point of Unicode: some systems leave these out when they compare names
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def fold(text: str) -> str:
    """Return a text as servers read it that take look-alikes for the characters and pass over invisible ones."""
    return unicodedata.normalize("NFKC", IGNORABLE.sub("", text))


def label(character: str) -> str:
    """Return a character as a message names it: `':'`, or `U+202E` for one that cannot be seen."""
    return repr(character) if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"
