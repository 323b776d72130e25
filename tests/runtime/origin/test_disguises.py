"""Addresses that an origin must not lead to, in every notation: no connection is made."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest

from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import OriginAddressRefusedError, OriginPreparingError, OriginUnreachableError
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.retries import Deadline
from runtime.models import Origin, RedirectRule
from tests.runtime.support.fakes import FakeClock, FakeSecrets, do_nothing
from tests.runtime.support.http_server import Exchange, serving

OK = ("HTTP/1.1 200 OK", "Content-Length: 0")

LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "127.000.000.001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]
METADATA = [
    "169.254.169.254",
    "169.254.43518",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "2852039166",
    "025177524776",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.100.1:9001",
    "169.254.79.129",
    "127.0.0.1:9001",
    "[fe80::1]",
    "100.100.100.200",
]
UNRESOLVABLE = [
    "127.0.0.1.",
    "127.0.0.1%00.example.com",
    "\u2460\u2461\u2466.0.0.1",
    "localhost",
    "1.2.3.4.5",
    "%31%32",
]


@pytest.fixture(autouse=True)
def resolve_numbers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve only hosts that the C library parses as numbers, without a name service."""
    getaddrinfo: Any = socket.getaddrinfo

    def resolve(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        return getaddrinfo(host, port, *arguments, **options | {"flags": socket.AI_NUMERICHOST})

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def build_fetch(base_url: str, *, loopback: bool = False, allow_private: tuple[str, ...] = ()) -> Fetch:
    """Return a `Fetch` of a file of this origin."""
    rule = RedirectRule.ANY  # other rules refuse most targets before their address is checked
    origin = Origin("files", base_url, allow_http=True, allow_private=allow_private, redirects=rule)
    return Fetch(HttpOrigins(), FakeSecrets(), origin, "a.csv", Deadline(FakeClock(), 800.0), loopback)


@pytest.mark.parametrize("host", [*LOOPBACK, *METADATA])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_origin_with_a_disguised_address_is_refused(host: str, scheme: str) -> None:
    """They are refused even if the owner opened every private range."""
    with pytest.raises(OriginAddressRefusedError):
        build_fetch(
            f"{scheme}://{host}/", allow_private=("0.0.0.0/0", "::/0") if host != "100.100.100.200" else ()
        ).get({}, do_nothing)


@pytest.mark.parametrize("host", [*LOOPBACK, *METADATA, *UNRESOLVABLE])
def test_redirect_to_a_disguised_address_is_refused(host: str) -> None:
    """They are refused even from an origin on this machine, which itself may be requested."""
    with serving(lambda exchange: exchange.send(*OK)) as secret:
        target = host if host.rpartition("]")[2].count(":") else f"{host}:{secret.port}"

        def redirect(exchange: Exchange) -> None:
            location = f"http://{target}/latest/meta-data/".encode().decode("latin-1")
            exchange.send("HTTP/1.1 302 Found", f"Location: {location}", "Content-Length: 0")

        with serving(redirect) as origin:
            file_fetch = build_fetch(f"http://127.0.0.1:{origin.port}/", loopback=True)
            with pytest.raises((OriginAddressRefusedError, OriginUnreachableError)) as error_info:
                file_fetch.get({}, do_nothing)
            assert len(origin.requests) == 1
        assert secret.requests == []
    if host not in UNRESOLVABLE:
        assert error_info.type is OriginAddressRefusedError


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize("host", [*LOOPBACK, *METADATA, *UNRESOLVABLE])
def test_next_request_to_a_disguised_address_is_refused(host: str, name: str) -> None:
    """The URL that a 202 names is refused when it is read, or when its address is checked before the connection."""
    with serving(lambda exchange: exchange.send(*OK)) as secret:
        target = host if host.rpartition("]")[2].count(":") else f"{host}:{secret.port}"

        def accept(exchange: Exchange) -> None:
            location = f"http://{target}/latest/meta-data/".encode().decode("latin-1")
            exchange.send("HTTP/1.1 202 Accepted", f"{name}: {location}", "Content-Length: 0")

        with serving(accept) as origin:
            base_url = f"http://127.0.0.1:{origin.port}/"
            refused = (OriginAddressRefusedError, OriginUnreachableError)
            try:
                build_fetch(base_url, loopback=True).get({}, do_nothing)
            except OriginPreparingError as answer:
                with pytest.raises(refused) as error_info:
                    replace(build_fetch(base_url, loopback=True), target=answer.target).get({}, do_nothing)
                assert host in UNRESOLVABLE or error_info.type is OriginAddressRefusedError
            except refused:
                pass
            assert len(origin.requests) == 1
        assert secret.requests == []
