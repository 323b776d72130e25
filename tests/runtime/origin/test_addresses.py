"""Addresses that an origin may lead to."""

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
NEVER_OPEN = [
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


def is_allowed(address: str, rule: AddressRule, host: str = "files.example.com", port: int = 443) -> bool:
    """Return True if the check accepts the address."""
    try:
        check(address, host=host, port=port, rule=rule)
    except OriginAddressRefusedError:
        return False
    return True


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_open(address: str) -> None:
    assert is_allowed(address, AddressRule())


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_opens_by_its_cidr_only(address: str) -> None:
    assert not is_allowed(address, AddressRule())
    assert not is_allowed(address, AddressRule(private=("10.99.0.0/16",)))
    assert is_allowed(address, AddressRule(private=(f"{address}/{ip_address(address).max_prefixlen}",)))


@pytest.mark.parametrize("address", NEVER_OPEN)
def test_special_address_never_opens(address: str) -> None:
    assert not is_allowed(address, AddressRule(private=EVERYTHING))


def test_loopback_opens_for_its_host_and_port_only() -> None:
    rule = AddressRule(loopback=("127.0.0.1", 8080))
    assert is_allowed("127.0.0.1", rule, "127.0.0.1", 8080)
    assert not is_allowed("127.0.0.1", rule, "127.0.0.1", 8081)
    assert not is_allowed("127.0.0.1", rule, "other.example.com", 8080)
    assert not is_allowed("169.254.169.254", rule, "127.0.0.1", 8080)
    assert is_allowed("::1", AddressRule(loopback=("localhost", 80)), "localhost", 80)


def test_port_of_the_runtime_api_never_opens() -> None:
    """Lambda serves credentials and events there."""
    assert not is_allowed("127.0.0.1", AddressRule(loopback=("127.0.0.1", 9001)), "127.0.0.1", 9001)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@example(ip_address("2001:1::1"))
def test_address_that_is_not_global_is_closed(ip: IPv4Address | IPv6Address) -> None:
    """The standard library's `is_global` is the least strict bound."""
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        assert not is_allowed(str(ip), AddressRule())


@given(st.ip_addresses(v=4))
def test_opened_cidr_opens_nothing_outside_itself(ip: IPv4Address) -> None:
    rule = AddressRule(private=("10.0.0.0/8",))
    if ip not in ip_network("10.0.0.0/8"):
        assert is_allowed(str(ip), rule) == is_allowed(str(ip), AddressRule())
