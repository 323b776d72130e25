"""Joins a client's path to an origin's base URL; the result is always under that base."""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from runtime.errors import InvalidPathError
from runtime.logic.origin.characters import CONTROL, fold, label

MAX_LENGTH = 2048
OVERLONG_UTF8 = re.compile(rb"(\xc0|\xe0\x80|\xf0\x80\x80)[\xae\xaf]|(\xc1|\xe0\x81|\xf0\x80\x81)\x9c")  # of . / and \
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEEP_IN_PATH = "/%:@!$&'()*+,;=~-._"
_KEEP_IN_QUERY = _KEEP_IN_PATH + "?[]"
_ENCODED_SLASHES = "unless the origin's setting encodedSlashes is true"


def join(base_url: str, path: str, *, encoded_slashes: bool = False) -> str:
    """Return the URL of `path` under `base_url`, which ends with a slash.

    One leading slash means the base itself. The part behind the first `?` becomes the query. With `encoded_slashes`
    the path may have slashes written as `%2F`, which are kept so, and look-alikes of slashes.

    Raises:
        InvalidPathError: the message has the rule that the path breaks.
    """
    if not path or len(path) > MAX_LENGTH:
        raise InvalidPathError(f"The path has to have 1 to {MAX_LENGTH} characters.")
    relative, question_mark, query = path.partition("?")
    relative = relative.removeprefix("/")
    _refuse("#" in path, "must not contain '#'; write it as %23")
    control = CONTROL.search(path)
    _refuse(control is not None, f"must not contain the control character {label(control[0]) if control else ''}")
    _refuse("\\" in path, "must not contain a backslash")
    _refuse(bool(_BAD_ESCAPE.search(path)), "has a '%' that is not followed by two hexadecimal digits")
    _refuse(relative.startswith("/"), "must not begin with '//': the host is the origin's")
    _refuse(bool(_SCHEME.match(relative)), "must not begin with a scheme; write the ':' of a name as %3A")
    _refuse_tricks(relative, encoded_slashes)
    url = base_url + quote(relative, safe=_KEEP_IN_PATH) + question_mark + quote(query, safe=_KEEP_IN_QUERY)
    base, joined = urlsplit(base_url), urlsplit(url)
    inside = (joined.scheme, joined.netloc) == (base.scheme, base.netloc) and joined.path.startswith(base.path)
    _refuse(not inside, "has to stay under the origin's base URL")
    return url


def _refuse_tricks(relative: str, encoded_slashes: bool) -> None:
    """Check the path as it is and as servers might decode it, once, twice or three times."""
    text = relative
    for decodings in range(4):
        _refuse_disguises(text, encoded_slashes)
        decoded = unquote(text, errors="replace")
        if decoded == text:
            return
        if decoded.count("/") != text.count("/"):
            _refuse(not encoded_slashes, f"must not contain an encoded slash (%2F) {_ENCODED_SLASHES}")
            _refuse(decodings > 0, "must not contain a slash that is encoded twice")
        text = decoded
    raise InvalidPathError("The path is percent-encoded too often.")


def _refuse_disguises(text: str, encoded_slashes: bool) -> None:
    """Check one decoding of the path, as it is and as servers read it that fold look-alikes."""
    folded, control = fold(text), CONTROL.search(text)
    segments = folded.split("/")
    _refuse(any(segment in (".", "..") for segment in segments), "must not contain '.' or '..' segments")
    _refuse("\\" in folded, "must not hide a backslash")
    _refuse(control is not None, f"must not hide the control character {label(control[0]) if control else ''}")
    _refuse(any(map(is_dots_and_more, segments)), "must not hide '..' segments")
    if folded.count("/") != text.count("/") and not encoded_slashes:
        rule = f"must not contain {_lookalikes(text)}, which some servers take for a slash, {_ENCODED_SLASHES}"
        raise InvalidPathError(f"The path {rule}.")
    _refuse(folded.startswith("/"), "must not begin with a disguised slash")
    _refuse(bool(OVERLONG_UTF8.search(unquote_to_bytes(text))), "must not contain overlong UTF-8")


def _lookalikes(text: str) -> str:
    return ", ".join(sorted({label(letter) for letter in text if letter != "/" and "/" in normalize("NFKC", letter)}))


def is_dots_and_more(segment: str) -> bool:
    """Return whether a segment such as `..;x`, `..%20` or `..%3Fx` may be taken for a dot segment.

    Dots and blanks in front of a name, as in `. notes.txt`, are a name of their own for every server.
    """
    return re.fullmatch(r"\s*\.{1,2}\s*([;?#].*)?", segment) is not None


def _refuse(broken: bool, rule: str) -> None:
    if broken:
        raise InvalidPathError(f"The path {rule}.")
