"""Translation of the patterns in AWS's service models, which are Java's, to Python."""

from __future__ import annotations

import re
import unicodedata
import warnings
from functools import cache

_POSIX = {  # of Java's names for classes of characters, those that are no Unicode category
    "ASCII": r"\x00-\x7f",
    "Alnum": "0-9A-Za-z",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Graph": r"\x21-\x7e",
    "Print": r"\x20-\x7e",
    "Upper": "A-Z",
    "XDigit": "0-9A-Fa-f",
}
_SUPPLEMENTARY = r"\U00010000-\U0010ffff"
_SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"  # how Java writes that range, in UTF-16
_ESCAPE = re.compile(r"\\([pP])\{(\^?)(\w+)\}|\\.|[\[\]]", re.DOTALL)


class UntranslatableError(ValueError):
    """A pattern has another meaning in Python, or none."""


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the pattern for `fullmatch`: AWS's services match the whole value, with or without anchors.

    Raises:
        UntranslatableError: Python has no equivalent, and `_translate` has to learn it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # "possible set difference": Java reads that otherwise
            return re.compile(_translate(pattern), re.ASCII)
    except (re.error, FutureWarning) as error:
        raise UntranslatableError(f"{pattern}: {error}") from error


def _translate(pattern: str) -> str:
    """Replace Java's classes of characters, and escape a hyphen behind a class such as that of digits."""
    if "&&" in pattern:
        raise UntranslatableError(f"{pattern}: an intersection of classes")
    in_class, position, result = False, 0, []
    pattern = pattern.replace(_SURROGATES, _SUPPLEMENTARY)
    for match in _ESCAPE.finditer(pattern):
        result.append(pattern[position : match.start()])
        position = match.end()
        text = match[0]
        if match[1]:
            negated = (match[1] == "P") != bool(match[2])
            ranges = _ranges(match[3], negated)
            result.append(ranges if in_class else f"[{ranges}]")
            continue
        result.append(text)
        if text == "[":
            in_class = True
        elif text == "]":
            in_class = False
        elif in_class and text in (r"\w", r"\d", r"\s") and pattern[position : position + 1] == "-":
            result.append("\\")
    return "".join([*result, pattern[position:]])


@cache
def _ranges(name: str, negated: bool) -> str:
    """Return the inside of brackets for a Unicode category; beyond the basic plane every character is accepted."""
    if name in _POSIX and not negated:
        return _POSIX[name]
    if not any(unicodedata.category(chr(code)).startswith(name) for code in range(0x3000)):
        raise UntranslatableError(f"\\p{{{name}}} is no category of Unicode that is translated here")
    members = [unicodedata.category(chr(code)).startswith(name) != negated for code in range(0x10000)]
    edges = [code for code in range(0x10001) if (code < 0x10000 and members[code]) != (code > 0 and members[code - 1])]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return "".join(f"\\u{first:04x}-\\u{end - 1:04x}" for first, end in pairs) + _SUPPLEMENTARY
