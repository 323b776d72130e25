"""Which addresses an origin may lead to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.errors import OriginAddressRefusedError
from runtime.logic.origin.addresses import AddressRule, check

EVERYTHING = ("0.0.0.0/0", "::/0")
PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:82b::200e"]
PRIVATE = ["10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "fd12:3456::1", "fc00::1"]
NEVER = [
    "0.0.0.0",
    "127.0.0.1",
    "127.1.2.3",
    "::1",
    "::",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.100.1",
    "169.254.79.129",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "192.88.99.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fec0::1",
    "not an address",
    "",
    "0x7f.1",
    "2130706433",
]


def allowed(address: str, rule: AddressRule, host: str = "files.example.com", port: int = 443) -> bool:
    """Whether it passes."""
    try:
        check(address, host=host, port=port, rule=rule)
    except OriginAddressRefusedError:
        return False
    return True


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    """Without any setting."""
    assert allowed(address, AddressRule())


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_open_by_cidr_only(address: str) -> None:
    """For the owner who names them."""
    assert not allowed(address, AddressRule())
    assert not allowed(address, AddressRule(private=("10.99.0.0/16",)))
    assert allowed(address, AddressRule(private=(f"{address}/{ip_address(address).max_prefixlen}",)))


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_never_open(address: str) -> None:
    """Whatever the owner allows."""
    assert not allowed(address, AddressRule(private=EVERYTHING))


def test_loopback_opens_for_one_host_and_port() -> None:
    """On a cloud that runs on this machine."""
    rule = AddressRule(loopback=("127.0.0.1", 8080))
    assert allowed("127.0.0.1", rule, "127.0.0.1", 8080)
    assert not allowed("127.0.0.1", rule, "127.0.0.1", 8081)
    assert not allowed("127.0.0.1", rule, "other.example.com", 8080)
    assert not allowed("169.254.169.254", rule, "127.0.0.1", 8080)
    assert allowed("::1", AddressRule(loopback=("localhost", 80)), "localhost", 80)


def test_the_runtime_api_never_opens() -> None:
    """Lambda serves credentials and events there."""
    assert not allowed("127.0.0.1", AddressRule(loopback=("127.0.0.1", 9001)), "127.0.0.1", 9001)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@example(ip_address("2001:1::1"))
def test_what_the_standard_library_calls_not_global_is_closed(ip: IPv4Address | IPv6Address) -> None:
    """Ours is at least as strict, for every address."""
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        assert not allowed(str(ip), AddressRule())


@given(st.ip_addresses(v=4))
def test_an_opened_cidr_opens_nothing_outside_itself(ip: IPv4Address) -> None:
    """Beyond what is public anyway."""
    rule = AddressRule(private=("10.0.0.0/8",))
    if ip not in ip_network("10.0.0.0/8"):
        assert allowed(str(ip), rule) == allowed(str(ip), AddressRule())
