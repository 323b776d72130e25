"""The URLs that get an origin's secret headers, and the hosts that get its network settings."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from runtime.logic.origin import paths
from runtime.logic.origin.characters import CONTROL, fold
from runtime.models import Origin

DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_DECODINGS = 4
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_DOT = re.compile(r"(?:\.|%2[Ee]){1,2}")


class Authority(NamedTuple):
    """Scheme, host and port of a URL; the host in lower case, the port also where the URL leaves it out."""

    scheme: str
    host: str
    port: int


def authority_of(url: str) -> Authority:
    """Return scheme, host and port of a URL.

    Raises:
        ValueError: the URL is malformed.
    """
    parts = urlsplit(url)
    return Authority(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0))


def normalize_host(host: str) -> str:
    """`Files.Example.com.` -> `files.example.com`; addresses in their shortest form."""
    name = host.lower().removesuffix(".")
    try:
        return ip_address(name.strip("[]")).compressed
    except ValueError:
        return name


def is_own_host(origin: Origin, host: str) -> bool:
    """Return whether a host is that of `base_url` or is listed in `redirect_hosts`."""
    hosts = (authority_of(origin.base_url).host, *origin.redirect_hosts)
    return normalize_host(host) in map(normalize_host, hosts)


def is_under(base_url: str, url: str) -> bool:
    """Return whether a URL is under the base URL however a server decodes its path: the same scheme, host and port."""
    base, target = urlsplit(base_url), urlsplit(url)
    if _normalized_authority(base_url) != _normalized_authority(url):
        return False
    return _is_path_under(*(_normalize_escapes(remove_dot_segments(parts.path)) for parts in (base, target)))


def remove_dot_segments(path: str) -> str:
    """Resolve `.` and `..`, which may be written as `%2e`, as browsers do (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    *parents, last = path.removeprefix("/").split("/")
    for segment in parents:
        _step(kept, segment)
    is_dot = _DOT.fullmatch(last) is not None
    _step(kept, last)
    return "/" + "/".join([*kept, ""] if is_dot and kept else kept)


def _step(kept: list[str], segment: str) -> None:
    if not _DOT.fullmatch(segment):
        kept.append(segment)
    elif len(unquote(segment)) == 2 and kept:
        kept.pop()


def _normalized_authority(url: str) -> Authority:
    authority = authority_of(url)
    return authority._replace(host=normalize_host(authority.host))


def _normalize_escapes(path: str) -> str:
    """Decode what needs no escape and write other escapes in upper case (RFC 3986, 6.2.2)."""

    def replace(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if _UNRESERVED.fullmatch(character) else match[0].upper()

    return _ESCAPE.sub(replace, path)


def _is_path_under(base: str, path: str) -> bool:
    """Compare the paths as they are and as servers decode them that decode more than once."""
    for _ in range(_MAX_DECODINGS):
        resolved = remove_dot_segments(base)
        if not (path.startswith(base) and remove_dot_segments(path).startswith(resolved)):
            return False
        if _is_ambiguous(path.removeprefix(base)):
            return False
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return True
        base, path = unquote(base, errors="replace"), decoded
    return False


def _is_ambiguous(path: str) -> bool:
    """Return whether some servers read slashes or dot segments in a path where others read none, as in `..;x`."""
    folded = fold(path)
    segments = [segment for segment in folded.split("/") if segment not in (".", "..")]
    return (
        "\\" in folded
        or CONTROL.search(path) is not None
        or folded.count("/") != path.count("/")
        or (folded != path and any(segment in (".", "..") for segment in folded.split("/")))
        or any(paths.is_dots_and_more(segment) for segment in segments)
        or paths.OVERLONG_UTF8.search(unquote_to_bytes(path)) is not None
    )
