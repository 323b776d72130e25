"""GET of a file of an origin: hops, their checks, and what each hop gets. Rules of redirects: test_redirects.py."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.errors import OriginAddressRefusedError, OriginError, OriginTlsError, ServiceError, TransferError
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.retries import Deadline
from runtime.models import Origin, RedirectRule
from tests.runtime.support.fakes import Asked, FakeBody, FakeClock, FakeOrigins, FakeSecrets, nothing

BASE = "https://files.example.com/exports/"


def fetch(origins: FakeOrigins, *, seconds: float = 800.0, loopback: bool = False, **fields: object) -> Fetch:
    """A file of one origin."""
    origin = Origin("files", **{"base_url": BASE, **fields})  # type: ignore[arg-type]
    secrets = FakeSecrets({"arn:key": "s3cret", "arn:ca": "PEM"})
    return Fetch(origins, secrets, origin, "a.csv", Deadline(FakeClock(), seconds), loopback)


def hops(**locations: str) -> FakeOrigins:
    """Origins that redirect by the last segment of the path."""

    def answer(asked: Asked) -> FakeBody:
        name = asked.url.partition("?")[0].rpartition("/")[2].partition(".")[0]
        return FakeBody(302, {"location": locations[name]}) if name in locations else FakeBody(200)

    return FakeOrigins(answer)


def test_the_url_is_the_paths_under_the_base() -> None:
    """And headers are passed on."""
    origins = hops()
    assert fetch(origins).get({"Range": "bytes=0-1"}, nothing).status == 200
    assert origins.asked[0].url == BASE + "a.csv"
    assert origins.asked[0].headers == {"Range": "bytes=0-1"}


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/other/b.csv", "https://files.example.com/other/b.csv"),
        ("b.csv", BASE + "b.csv"),
        ("../b.csv#part", "https://files.example.com/b.csv"),
        ("https://cdn.example.com/b.csv?sig=1%2F2", "https://cdn.example.com/b.csv?sig=1%2F2"),
        ("//cdn.example.com/b.csv", "https://cdn.example.com/b.csv"),
        ("/f\xc3\xbcr/b.csv", "https://files.example.com/f%C3%BCr/b.csv"),
    ],
)
def test_a_redirect_is_followed(location: str, target: str) -> None:
    """Relative, absolute, with raw bytes; the answer before it is closed."""
    origins = hops(a=location)
    fetch(origins, redirects=RedirectRule.ANY).get({}, nothing)
    assert [asked.url for asked in origins.asked] == [BASE + "a.csv", target]
    assert origins.bodies[0].closed


@pytest.mark.parametrize(
    "location",
    [
        "http://files.example.com/b.csv",
        "ftp://files.example.com/b",
        "file:///etc/passwd",
        "gopher://x/",
        "https://user:pw@files.example.com/b",
        "https://files.example.com:99999/b",
        "https://files.example.com:0/b",
        "https://[::1/b",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_to_what_is_not_allowed_is_refused(location: str) -> None:
    """https, a host, no user."""
    origins = hops(a=location)
    with pytest.raises(OriginAddressRefusedError):
        fetch(origins, redirects=RedirectRule.ANY).get({}, nothing)
    assert len(origins.asked) == 1


SCHEMES = ["", "https:", "http:", "HTTPS:", "ftp:", "javascript:"]
USERS = ["", "@", "user:pw@", "files.example.com@", "files.example.com:443@"]
HOSTS = [
    "",
    "files.example.com",
    "FILES.example.com",
    "files.example.com.",
    "cdn.example.com",
    "127.0.0.1",
    "[::1]",
    "x y",
]
PORTS = ["", ":", ":443", ":444", ":0", ":99999", ":x"]
PATHS = ["", "/", "/b.csv", "/../b", "?x=1", "#y", "/%40", "/\xe4\t\r\n\xa0", "\\@cdn.example.com"]
URLS = st.tuples(*map(st.sampled_from, (SCHEMES, ["", "/", "//", "///", "\\\\"], USERS, HOSTS, PORTS, PATHS)))


@given(st.one_of(st.text(st.characters(max_codepoint=255), max_size=30), URLS.map("".join)))
@example("https://cdn.example.com/b.csv")
@example("//files.example.com/b.csv")
@example("b.csv")
@example("//files.example.com:0/exports/b.csv")
def test_wherever_a_redirect_leads_it_is_checked_and_gets_no_secret_of_another(location: str) -> None:
    """What is asked for is one plain https URL, the check is for its host, and the secret is for the base URL only."""
    origins = hops(a=location)
    with suppress(TransferError):
        fetch(origins, secret_headers={"X-Key": "arn:key"}, redirects=RedirectRule.ANY).get({}, nothing)
    for asked, check in zip(origins.asked, origins.checks, strict=True):
        url = urlsplit(asked.url)
        assert asked.url.isascii()
        assert asked.url.isprintable()
        assert not set(' \\"<>') & set(asked.url)
        assert (url.scheme, url.username, url.fragment) == ("https", None, "")
        assert url.hostname
        assert isinstance(check, partial)
        assert (check.keywords["host"], check.keywords["port"]) == (url.hostname, url.port or 443)
        is_base = (url.hostname.rstrip("."), url.port or 443) == ("files.example.com", 443)
        assert "X-Key" not in asked.headers or (is_base and url.path.startswith("/exports/"))


def test_http_where_the_owner_allows_it() -> None:
    """The setting counts for redirects too."""
    origins = hops(a="http://files.example.com/b.csv")
    assert fetch(origins, allow_http=True).get({}, nothing).status == 200


def test_a_redirect_without_a_target_is_an_error() -> None:
    """There is nothing to ask."""
    with pytest.raises(OriginError, match="where"):
        fetch(FakeOrigins(lambda _: FakeBody(301))).get({}, nothing)


def test_five_redirects_and_no_more() -> None:
    """A loop ends."""
    origins = hops(a="b", b="c", c="d", d="e", e="f")
    assert fetch(origins).get({}, nothing).status == 200
    assert len(origins.asked) == 6
    loop = hops(a="a.csv")
    with pytest.raises(OriginError, match="5"):
        fetch(loop).get({}, nothing)
    assert len(loop.asked) == 6


@pytest.mark.parametrize(
    "location",
    ["b", "./b", "https://FILES.example.com:443/exports/b", "https://files.example.com./exports/x/../b?c=1", "%62"],
)
def test_a_redirect_under_the_base_url_gets_the_secret_headers(location: str) -> None:
    origins = hops(a=location)
    fetch(origins, secret_headers={"X-Key": "arn:key"}).get({}, nothing)
    assert [asked.headers.get("X-Key") for asked in origins.asked] == ["s3cret", "s3cret"]


@pytest.mark.parametrize(
    "location",
    [
        "https://cdn.example.com/exports/b",
        "https://files.example.com:444/exports/b",
        "http://files.example.com/exports/b",
        "/b",
        "../b",
        "/exports",
        "/exports-2/b",
        "/EXPORTS/b",
        "%2e%2e/b",
        "..%2fb",
        "..%5cb",
        "%252e%252e%252fb",
        "..;/b",
        "https://files.example.com.evil.example/exports/b",
        "https://sub.files.example.com/exports/b",
    ],
)
def test_once_a_chain_has_left_the_base_url_no_hop_gets_the_secret_headers(location: str) -> None:
    """Not even when it comes back: whoever redirected there could choose the URL."""
    origins = FakeOrigins(
        lambda _: (
            FakeBody(302, {"location": [location, f"{BASE}back.csv"][len(origins.asked) - 1]})
            if len(origins.asked) < 3
            else FakeBody(200)
        )
    )
    rule = RedirectRule.ANY
    fetch(origins, secret_headers={"X-Key": "arn:key"}, allow_http=True, redirects=rule).get({}, nothing)
    assert origins.asked[2].url == f"{BASE}back.csv"
    assert [asked.headers.get("X-Key") for asked in origins.asked] == ["s3cret", None, None]


def test_a_later_request_begins_a_chain_of_its_own() -> None:
    """As ranges of slices do: each starts at the base URL, and each redirect is checked again."""
    origins = FakeOrigins(
        lambda asked: FakeBody(302, {"location": "https://cdn.example.com/b"}) if BASE in asked.url else FakeBody(206)
    )
    slices = fetch(origins, secret_headers={"X-Key": "arn:key"}, redirects=RedirectRule.ANY)
    for span in ("bytes=0-1", "bytes=2-3"):
        assert slices.get({"Range": span}, nothing).status == 206
    seen = [(asked.headers.get("X-Key"), asked.headers["Range"]) for asked in origins.asked]
    assert seen == [("s3cret", "bytes=0-1"), (None, "bytes=0-1"), ("s3cret", "bytes=2-3"), (None, "bytes=2-3")]


def test_a_ca_bundle_is_for_the_host_of_the_base_url_and_for_listed_hosts_alone() -> None:
    """The port does not matter. An internal CA could issue a certificate for any other name."""
    locations = {
        "a": "https://cdn.example.com/b",
        "b": "https://files.example.com:444/c",
        "c": "http://files.example.com/d",
        "d": "https://sub.files.example.com/e",
        "e": "https://FILES.example.com./f",
    }
    origins = hops(**locations)
    fields: dict[str, Any] = {"ca_bundle": "arn:ca", "allow_http": True, "redirects": RedirectRule.ANY}
    fetch(origins, **fields).get({}, nothing)
    assert [asked.ca_bundle for asked in origins.asked] == ["PEM", None, "PEM", None, None, "PEM"]
    origins.asked.clear()
    fetch(origins, **fields, redirect_hosts=("CDN.example.com.",)).get({}, nothing)
    assert [asked.ca_bundle for asked in origins.asked] == ["PEM", "PEM", "PEM", None, None, "PEM"]


def test_private_addresses_are_for_the_host_of_the_base_url_and_for_listed_hosts_alone() -> None:
    """An origin must not use the setting to reach another service of the network."""
    locations = {"a": "https://other.example.com/b", "b": "https://store.example.com/c", "c": f"{BASE}d"}
    origins = hops(**locations)
    fields: dict[str, Any] = {"redirects": RedirectRule.ANY, "redirect_hosts": ("store.example.com",)}
    fetch(origins, allow_private=("10.0.0.0/8",), **fields).get({}, nothing)
    base, other, listed, back = origins.checks
    for check in (base, listed, back):
        check("10.1.2.3")
    with pytest.raises(OriginAddressRefusedError):
        other("10.1.2.3")
    other("93.184.215.14")


def test_without_a_ca_bundle_the_public_cas_are_trusted() -> None:
    origins = hops()
    fetch(origins).get({}, nothing)
    assert [asked.ca_bundle for asked in origins.asked] == [None]


@pytest.mark.parametrize(
    "error",
    [
        ServiceError("GetSecretValue", "AccessDeniedException"),
        ServiceError("GetSecretValue", "ResourceNotFoundException"),
        ServiceError("GetSecretValue", "NoSecretString"),
        ServiceError("GetParameter", "ParameterNotFound"),
    ],
    ids=str,
)
def test_a_ca_bundle_that_cannot_be_read_ends_the_copy_with_the_name_of_its_setting(error: ServiceError) -> None:
    origins = hops()
    failing = fetch(origins, ca_bundle="arn:ca")
    failing.secrets.errors["arn:ca"] = error  # type: ignore[attr-defined]
    with pytest.raises(OriginTlsError, match=f"its setting caBundle.* cannot be read: {error}"):
        failing.get({}, nothing)
    assert origins.asked == []


def test_a_ca_bundle_that_cannot_be_read_just_now_is_read_by_another_try() -> None:
    """The state machine retries what a worker raises."""
    failing = fetch(hops(), ca_bundle="arn:ca")
    failing.secrets.errors["arn:ca"] = ServiceError("GetSecretValue", "ThrottlingException")  # type: ignore[attr-defined]
    with pytest.raises(ServiceError, match="ThrottlingException"):
        failing.get({}, nothing)


def test_every_hop_brings_its_own_check() -> None:
    """Private ranges are the owner's; loopback is for the configured host and port only."""
    origins = hops(a="http://127.0.0.1:9999/b", b="http://127.0.0.1:8080/c")
    base_url = "http://127.0.0.1:8080/"
    fetch(origins, loopback=True, base_url=base_url, allow_http=True, allow_private=("10.0.0.0/8",)).get({}, nothing)
    home, elsewhere, back = origins.checks
    home("127.0.0.1")
    home("10.1.2.3")
    back("127.0.0.1")
    for check, address in ((elsewhere, "127.0.0.1"), (home, "192.168.1.1"), (home, "169.254.169.254")):
        with pytest.raises(OriginAddressRefusedError):
            check(address)


def test_loopback_is_closed_unless_the_cloud_runs_here() -> None:
    """An origin named after this machine is refused on AWS."""
    origins = hops()
    fetch(origins, base_url="http://127.0.0.1:8080/", allow_http=True).get({}, nothing)
    with pytest.raises(OriginAddressRefusedError):
        origins.checks[0]("127.0.0.1")


def test_a_first_byte_may_take_fourteen_minutes_or_what_is_left() -> None:
    """Whichever is shorter."""
    origins = hops()
    fetch(origins, seconds=870.0).get({}, nothing)
    fetch(origins, seconds=100.0).get({}, nothing)
    assert [asked.timeout for asked in origins.asked] == [840.0, 100.0]
