"""Configuration of the origin of a local stack: the user's or the demo's."""

import ipaddress
import socket
from urllib.parse import urlsplit

from localcloud.errors import UsageError

NAME = "local"
DEMO_PATH = "files/25MB"
"""What is copied when nobody names a path."""


def demo_origin(base_url: str) -> dict[str, object]:
    """Return the configuration of the demo's origin."""
    return {"baseUrl": base_url, "defaultPath": DEMO_PATH, "allowHttp": True}


def own_origin(url: str) -> dict[str, object]:
    """Return the configuration of the user's origin; a private address is allowed, because the user has named it.

    It may redirect to any host with a public address, as many public origins do.

    Raises:
        UsageError: It is no http or https URL, or its host is not known or never allowed.
    """
    scheme, host = _checked(url)
    addresses = _addresses(host)
    if any(address.is_link_local for address in addresses):
        raise UsageError(f"The host {host} of the origin is link-local; files are never copied from there.")
    private = [f"{address}/{address.max_prefixlen}" for address in addresses if _is_inside(address)]
    return {
        "baseUrl": url if url.endswith("/") else f"{url}/",
        "allowHttp": scheme == "http",
        "redirects": "any",
        **({"allowPrivate": private} if private else {}),
    }


def _checked(url: str) -> tuple[str, str]:
    """Return scheme and host of a base URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # reading the port raises ValueError for a text that is no port
    except ValueError:
        parts, host = urlsplit(""), None
    if "@" in parts.netloc:
        raise UsageError("The origin's URL must not have a user or password in it.")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(f"The origin has to be a URL like http://127.0.0.1:9000/, not {url!r}.")
    return parts.scheme, host


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"The host {host} of the origin cannot be found: {error}") from error
    return sorted({ipaddress.ip_address(str(address[4][0]).partition("%")[0]) for address in addresses}, key=str)


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address is private and not loopback, which another setting allows."""
    return address.is_private and not address.is_loopback
