"""Cookies that an origin sets while it redirects: within one GET they go back to the server that set them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from runtime.logic.origin.origin_scope import Authority, authority_of

SET_COOKIE = "set-cookie"  # in `ports.Body.headers`: several are joined by line feeds
MAX_COOKIES = 20
MAX_LENGTH = 4096  # characters of all cookies of a request; browsers allow as many for each
_PAIR = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*([!-:<-~]*)")  # printable ASCII without blanks and semicolons
_AGE = re.compile(r"(-?)([0-9]+)")
_Key = tuple[Authority, str, str]


@dataclass(frozen=True)
class RedirectCookies:
    """The cookies of one GET, by server (scheme, host and port), path and name; those beyond the limits are dropped.

    A cookie's `Domain` is ignored, so no other host gets it. It is never stored and never logged.
    """

    _values: dict[_Key, str] = field(default_factory=dict, repr=False)

    def keep(self, url: str, headers: Mapping[str, str], now: float) -> None:
        """Keep the cookies that the answer to a request for `url` sets, and drop those that it expires."""
        for line in headers.get(SET_COOKIE, "").split("\n"):
            text, *attributes = line.split(";")
            pair = _PAIR.fullmatch(text.strip())
            if pair is None:
                continue
            parts = (attribute.partition("=") for attribute in attributes)
            options = {name.strip().lower(): value.strip() for name, _, value in parts}
            server, path = authority_of(url), options.get("path", "")
            if "secure" in options and server.scheme != "https":
                continue
            key = server, path if path.startswith("/") else _directory(urlsplit(url).path), pair[1]
            self._values.pop(key, None)
            if not _is_expired(options, now) and len(self._values) < MAX_COOKIES:
                self._values[key] = pair[2]

    def header(self, url: str) -> dict[str, str]:
        """Return the request header with the cookies for `url`, the most specific first, or none."""
        server, path = authority_of(url), urlsplit(url).path or "/"
        matching = [key for key in self._values if key[0] == server and _matches(path, key[1])]
        cookies = ""
        for key in sorted(matching, key=lambda key: -len(key[1])):
            longer = f"{cookies}; {key[2]}={self._values[key]}".removeprefix("; ")
            cookies = longer if len(longer) <= MAX_LENGTH else cookies
        return {"Cookie": cookies} if cookies else {}


def _is_expired(options: Mapping[str, str], now: float) -> bool:
    """Return whether the attributes of a cookie end it; `Max-Age` comes before `Expires` (RFC 6265, 5.3)."""
    age = _AGE.fullmatch(options.get("max-age", ""))
    if age is not None:
        return age[1] == "-" or not age[2].strip("0")
    try:
        return parsedate_to_datetime(options["expires"]).timestamp() <= now
    except (KeyError, ValueError, TypeError, IndexError, OverflowError, OSError):
        return False


def _directory(path: str) -> str:
    return path[: path.rfind("/")] or "/"


def _matches(path: str, cookie_path: str) -> bool:
    """Return whether a path is the cookie's or is below it (RFC 6265, 5.1.4)."""
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")
