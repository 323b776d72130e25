"""File names and content types that are safe for browsers (RFC 6266, RFC 8187)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote

MAX_NAME = 255
FALLBACK_TYPE = "application/octet-stream"
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]')
_TYPE = re.compile(
    r"([a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80})(?:\s*;\s*charset\s*=\s*\"?([a-z0-9_.:-]{1,40})\"?)?", re.I
)
_ACTIVE = re.compile(r"html|xml|svg|script|flash|multipart/", re.IGNORECASE)


def is_safe_name(name: str) -> bool:
    """Return whether a name is safe: no path, no control or direction characters, not only dots."""
    return 0 < len(name) <= MAX_NAME and not _UNSAFE.search(name) and name == name.strip() and name.strip(". ") != ""


def name_of(path: str) -> str:
    """Return a safe file name for a path at the origin."""
    last = unquote(path.partition("?")[0].rstrip("/").rpartition("/")[2], errors="replace")
    name = _UNSAFE.sub("_", last).strip(". ")[:MAX_NAME].strip()
    return name if is_safe_name(name) else "download"


def content_disposition(name: str) -> str:
    """Return the header for a safe name: an ASCII form for old clients, and the name in UTF-8."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w !#$&\'()+,.;=@^`{}~-]", "_", plain, flags=re.ASCII).strip()
    if not plain.strip(". "):
        plain = "download"
    elif plain.startswith(".") and not name.startswith("."):  # only the extension can be written in ASCII
        plain = f"download{plain}"
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='!#$&+.^_`|~-')}"


def content_type(announced: str | None) -> str:
    """Return the type to store and to serve: the origin's, unless it is malformed or a browser might run it."""
    match = _TYPE.fullmatch((announced or "").strip())
    if match is None or _ACTIVE.search(match[1]):
        return FALLBACK_TYPE
    return match[1].lower() + (f"; charset={match[2].lower()}" if match[2] else "")
