"""Joins a client's path to an origin's base URL; the result is always under that base."""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from runtime.errors import InvalidPathError

MAX_LENGTH = 2048
OVERLONG_UTF8 = re.compile(rb"(\xc0|\xe0\x80|\xf0\x80\x80)[\xae\xaf]|(\xc1|\xe0\x81|\xf0\x80\x81)\x9c")  # of . / and \
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEEP_IN_PATH = "/%:@!$&'()*+,;=~-._"
_KEEP_IN_QUERY = _KEEP_IN_PATH + "?[]"


def join(base_url: str, path: str) -> str:
    """Return the URL of `path` under `base_url`, which ends with a slash.

    One leading slash means the base itself. The part behind the first `?` becomes the query.

    Raises:
        InvalidPathError: the message has the rule that the path breaks.
    """
    if not path or len(path) > MAX_LENGTH:
        raise InvalidPathError(f"The path has to have 1 to {MAX_LENGTH} characters.")
    relative, question_mark, query = path.partition("?")
    relative = relative.removeprefix("/")
    _refuse("#" in path, "must not contain '#'; write it as %23")
    _refuse(bool(_CONTROL.search(path)), "must not contain control characters")
    _refuse("\\" in path, "must not contain a backslash")
    _refuse(bool(_BAD_ESCAPE.search(path)), "has a '%' that is not followed by two hexadecimal digits")
    _refuse(relative.startswith("/"), "must not begin with '//': the host is the origin's")
    _refuse(bool(_SCHEME.match(relative)), "must not begin with a scheme; write the ':' of a name as %3A")
    _refuse_tricks(relative)
    url = base_url + quote(relative, safe=_KEEP_IN_PATH) + question_mark + quote(query, safe=_KEEP_IN_QUERY)
    base, joined = urlsplit(base_url), urlsplit(url)
    inside = (joined.scheme, joined.netloc) == (base.scheme, base.netloc) and joined.path.startswith(base.path)
    _refuse(not inside, "has to stay under the origin's base URL")
    return url


def _refuse_tricks(relative: str) -> None:
    """Check the path as it is and as servers might decode it, once, twice or three times."""
    text = relative
    for _ in range(4):
        folded = normalize("NFKC", text)  # as servers read it that take look-alikes for the characters themselves
        _refuse(any(segment in (".", "..") for segment in folded.split("/")), "must not contain '.' or '..' segments")
        _refuse("\\" in folded or bool(_CONTROL.search(text)), "must not hide a backslash or a control character")
        _refuse(any(is_dots_and_more(segment) for segment in folded.split("/")), "must not hide '..' segments")
        _refuse(folded.count("/") != text.count("/"), "must not contain a look-alike of a slash")
        _refuse(bool(OVERLONG_UTF8.search(unquote_to_bytes(text))), "must not contain overlong UTF-8")
        decoded = unquote(text, errors="replace")
        _refuse(decoded.count("/") != text.count("/"), "must not contain an encoded slash")
        if decoded == text:
            return
        text = decoded
    raise InvalidPathError("The path is percent-encoded too often.")


def is_dots_and_more(segment: str) -> bool:
    """Return whether a segment such as `..;x`, `..%20` or `..%3Fx` may be taken for a dot segment."""
    return re.fullmatch(r"\s*\.{1,2}([;?#\s].*)?", segment) is not None


def _refuse(broken: bool, rule: str) -> None:
    if broken:
        raise InvalidPathError(f"The path {rule}.")
