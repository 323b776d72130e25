"""The addresses that the runtime may connect to: public ones, and private ones in the origin's settings.

No setting opens loopback, link-local, metadata and runtime API addresses, multicast, and IPv6 forms that contain an
IPv4 address. The one exception is loopback for an exact host and port, if the cloud runs on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from runtime.errors import OriginAddressRefusedError


@dataclass(frozen=True)
class AddressRule:
    """The addresses that are open besides public ones, for one origin.

    `private` are CIDRs, which apply inside the private ranges only. `loopback` is the host and port that may have a
    loopback address.
    """

    private: tuple[str, ...] = ()
    loopback: tuple[str, int] | None = None


_PRIVATE = [ip_network(n) for n in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
_METADATA = [ip_network(n) for n in ("fd00:ec2::/32", "169.254.0.0/16")]
_CLOSED = [
    ip_network(n)
    for n in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
]
_GLOBAL_V6 = ip_network("2000::/3")
_RUNTIME_API_PORT = 9001


def check(address: str, *, host: str, port: int, rule: AddressRule) -> None:
    """Check whether an address may be connected to.

    Raises:
        OriginAddressRefusedError: it may not.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        raise _refused() from None
    if not (_is_public(ip) or _is_opened(ip, rule) or _is_own_loopback(ip, host, port, rule)):
        raise _refused()


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if ip.version == 6 and (ip not in _GLOBAL_V6 or ip.scope_id):
        return False
    return not any(ip in network for network in (*_CLOSED, *_PRIVATE))


def _is_opened(ip: IPv4Address | IPv6Address, rule: AddressRule) -> bool:
    if any(ip in network for network in _METADATA) or not any(ip in network for network in _PRIVATE):
        return False
    return any(ip in ip_network(cidr) for cidr in rule.private)


def _is_own_loopback(ip: IPv4Address | IPv6Address, host: str, port: int, rule: AddressRule) -> bool:
    return ip.is_loopback and rule.loopback == (host, port) and port != _RUNTIME_API_PORT


def _refused() -> OriginAddressRefusedError:
    return OriginAddressRefusedError("The origin leads to an address that is not allowed.")
