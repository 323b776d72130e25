"""Paths at an origin, checked by the rules that the runtime checks a client's path by.

The component does not import the runtime: a test compares the two (tests/components/test_origin_paths.py).
"""

import re
from unicodedata import normalize
from urllib.parse import unquote, unquote_to_bytes

MAX_LENGTH = 2048
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
IGNORABLE = re.compile(  # Default_Ignorable_Code_Point of Unicode
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
OVERLONG_UTF8 = re.compile(rb"(\xc0|\xe0\x80|\xf0\x80\x80)[\xae\xaf]|(\xc1|\xe0\x81|\xf0\x80\x81)\x9c")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
DOTS_AND_MORE = re.compile(r"\s*\.{1,2}\s*([;?#].*)?")
ENCODED_SLASHES = "unless the origin's setting encodedSlashes is true"


def path_problem(path: str, encoded_slashes: bool) -> str | None:
    """Return the rule that a path under a base URL breaks, or None; `encoded_slashes` allows `%2F`."""
    if not 1 <= len(path) <= MAX_LENGTH:
        return f"has to have 1 to {MAX_LENGTH} characters"
    relative = path.partition("?")[0].removeprefix("/")
    control = CONTROL.search(path)
    if "#" in path:
        return "must not contain '#'; write it as %23"
    if control is not None:
        return f"must not contain the control character {_label(control[0])}"
    if "\\" in path:
        return "must not contain a backslash"
    if BAD_ESCAPE.search(path):
        return "has a '%' that is not followed by two hexadecimal digits"
    if relative.startswith("/"):
        return "must not begin with '//': the host is the origin's"
    if SCHEME.match(relative):
        return "must not begin with a scheme; write the ':' of a name as %3A"
    return disguise_problem(relative, encoded_slashes)


def base_path_problem(path: str) -> str | None:
    """Return the rule that the path of a base URL breaks, or None. Its owner may encode slashes."""
    if "\\" in path:
        return "must not contain a backslash"
    if BAD_ESCAPE.search(path):
        return "has a '%' that is not followed by two hexadecimal digits"
    return disguise_problem(path.lstrip("/"), encoded_slashes=True)


def disguise_problem(text: str, encoded_slashes: bool) -> str | None:
    """Return the rule that a path breaks as it is or as servers might decode it, once, twice or three times."""
    for decodings in range(4):
        problem = _problem_of_decoding(text, encoded_slashes)
        if problem is not None:
            return problem
        decoded = unquote(text, errors="replace")
        if decoded == text:
            return None
        if decoded.count("/") != text.count("/"):
            if not encoded_slashes:
                return f"must not contain an encoded slash (%2F) {ENCODED_SLASHES}"
            if decodings > 0:
                return "must not contain a slash that is encoded twice"
        text = decoded
    return "is percent-encoded too often"


def _problem_of_decoding(text: str, encoded_slashes: bool) -> str | None:
    folded, control = normalize("NFKC", IGNORABLE.sub("", text)), CONTROL.search(text)
    segments = folded.split("/")
    if any(segment in (".", "..") for segment in segments):
        return "must not contain '.' or '..' segments"
    if "\\" in folded:
        return "must not hide a backslash"
    if control is not None:
        return f"must not hide the control character {_label(control[0])}"
    if any(map(DOTS_AND_MORE.fullmatch, segments)):
        return "must not hide '..' segments"
    if folded.count("/") != text.count("/") and not encoded_slashes:
        lookalikes = sorted({_label(letter) for letter in text if letter != "/" and "/" in normalize("NFKC", letter)})
        return f"must not contain {', '.join(lookalikes)}, which some servers take for a slash, {ENCODED_SLASHES}"
    if folded.startswith("/"):
        return "must not begin with a disguised slash"
    return "must not contain overlong UTF-8" if OVERLONG_UTF8.search(unquote_to_bytes(text)) else None


def _label(character: str) -> str:
    return repr(character) if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"
