"""The proxy for a URL, from the environment variables and by the rules of curl: for REST, S3 and WebSocket alike."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from async_download_client.errors import ProxyError
from async_download_client.text import printable

_VARIABLES = {"http": ("http_proxy",), "https": ("https_proxy", "HTTPS_PROXY")}  # HTTP_PROXY may be a header in CGI
_FALLBACKS = ("all_proxy", "ALL_PROXY")
_PORTS = {"http": 80, "https": 443}
_DEFAULT_PROXY_PORT = 1080  # of curl
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy; `credentials` are `user:password`, percent-decoded."""

    host: str
    port: int
    variable: str
    credentials: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The host and port, for messages and for `url`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL, without user and password."""
        return f"http://{self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """The header Proxy-Authorization, if the proxy has a user."""
        if self.credentials is None:
            return {}
        return {"Proxy-Authorization": f"Basic {base64.b64encode(self.credentials).decode()}"}

    def refuse_credentials(self) -> ProxyError:
        """Return the error of a proxy that answered HTTP 407."""
        reason = "refuses the user or password" if self.credentials else "requires a user and a password"
        return ProxyError(
            f"The proxy {printable(self.name)} {reason} (HTTP 407). Write them into {self.variable} as "
            "http://user:password@host:port, with special characters percent-encoded."
        )


def is_loopback(host: str) -> bool:
    """Return True for a name or address that never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy for a URL of http, https, ws or wss; None to connect directly, as always to loopback.

    Raises:
        ProxyError: the proxy in the environment is malformed, or is no HTTP proxy.
    """
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    host = (parts.hostname or "").rstrip(".")
    if scheme not in _VARIABLES or is_loopback(host) or _is_excluded(host, parts.port or _PORTS[scheme]):
        return None
    for variable in (*_VARIABLES[scheme], *_FALLBACKS):
        if value := os.environ.get(variable, "").strip():
            return _parse(value, variable)
    return None


def _parse(value: str, variable: str) -> Proxy:
    scheme, separator, _ = value.partition("://")
    if separator and scheme.lower() != "http":
        kind = scheme if re.fullmatch("[a-zA-Z0-9]{1,10}", scheme) else "unknown"
        raise ProxyError(
            f"The proxy in {variable} is of the kind {kind}, which is not supported. Use an HTTP proxy "
            "(http://host:port), or exclude the host with no_proxy."
        )
    malformed = ProxyError(
        f"The proxy in {variable} is malformed. It looks like http://user:password@host:port; special characters of "
        "user and password are percent-encoded."
    )
    try:
        parts = urlsplit(value if separator else f"http://{value}")
        host, port = parts.hostname or "", _DEFAULT_PROXY_PORT if parts.port is None else parts.port
    except ValueError:
        raise malformed from None
    if not host or not port or parts.path not in ("", "/") or set(value) & set("?#\\") or _has_space(value):
        raise malformed
    return Proxy(host, port, variable, _credentials(parts))


def _has_space(value: str) -> bool:
    return bool(_SPACE_OR_CONTROL.search(value))


def _credentials(parts: SplitResult) -> bytes | None:
    user, separator, _ = parts.netloc.rpartition("@")
    if not separator:
        return None
    name, _, password = user.partition(":")
    return b":".join(unquote_to_bytes(text.encode("utf-8", "surrogateescape")) for text in (name, password))


def _is_excluded(host: str, port: int) -> bool:
    """Return True if `no_proxy` has the host, a domain above it, or a network with its address."""
    value = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return any(_matches(item.lower(), host.lower(), port) for item in re.split(r"[,\s]+", value) if item)


def _matches(item: str, host: str, port: int) -> bool:
    if item == "*":
        return True
    address = _address(host)
    if match := re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))", item):  # with a port
        if int(match[3]) != port:
            return False
        item = match[1] or match[2] or ""
    elif match := re.fullmatch(r"\[([^\]]*)\](/\d{1,3})?", item):
        item = match[1] + (match[2] or "")
    if address is None:
        name = item.strip(".").removeprefix("*.")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(item, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
