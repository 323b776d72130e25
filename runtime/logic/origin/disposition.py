"""File names and content types that are safe for browsers (RFC 6266, RFC 8187)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote

from runtime.logic.origin.characters import CONTROLS, IGNORABLE, REORDERING, label

MAX_NAME_BYTES = 255  # of UTF-8: what most file systems take
MAX_EXTENSION_BYTES = 16
FALLBACK_TYPE = "application/octet-stream"
_UNSAFE = re.compile(rf'[{CONTROLS}{REORDERING}/\\:*?"<>|]')
_TYPE = re.compile(
    r"([a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80})(?:\s*;\s*charset\s*=\s*\"?([a-z0-9_.:-]{1,40})\"?)?", re.I
)
_ACTIVE = re.compile(r"html|xml|svg|script|flash|multipart/", re.IGNORECASE)


def name_problem(name: str) -> str | None:
    """Return the rule that a file name breaks, as in `fileName must not ...`, or None if it is safe."""
    if not name:
        return "must not be empty"
    unsafe = _UNSAFE.search(name)
    if unsafe is not None:
        return f"must not contain {label(unsafe[0])}"
    if name != name.strip():
        return "must not begin or end with a blank"
    if not IGNORABLE.sub("", name).strip(". "):
        return "must have a visible character other than dots"
    length = len(name.encode())
    return f"has {length} bytes in UTF-8; file systems take {MAX_NAME_BYTES}" if length > MAX_NAME_BYTES else None


def name_of(path: str) -> str:
    """Return a safe file name for a path at the origin; a long one keeps its extension."""
    last = unquote(path.partition("?")[0], errors="replace").rstrip("/").rpartition("/")[2]
    name = _shorten(_UNSAFE.sub("_", last).strip(". ").strip())
    return "download" if name_problem(name) else name


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    ending = (dot + extension).encode() if len(extension.encode()) <= MAX_EXTENSION_BYTES else b""
    kept = (stem if ending else name).encode()[: MAX_NAME_BYTES - len(ending)]
    return kept.decode(errors="ignore").strip() + ending.decode()


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
