"""GET of a file of an origin: redirects, their checks, and the headers of each request. Rules: `test_redirects.py`."""

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
from tests.runtime.support.fakes import FakeBody, FakeClock, FakeOrigins, FakeSecrets, OriginRequest, do_nothing

BASE = "https://files.example.com/exports/"


def build_fetch(origins: FakeOrigins, *, seconds: float = 800.0, loopback: bool = False, **fields: object) -> Fetch:
    """Return a `Fetch` of a file of one origin."""
    origin = Origin("files", **{"base_url": BASE, **fields})  # type: ignore[arg-type]
    secrets = FakeSecrets({"arn:key": "s3cret", "arn:ca": "PEM"})
    return Fetch(origins, secrets, origin, "a.csv", Deadline(FakeClock(), seconds), loopback)


def redirecting_origins(**locations: str) -> FakeOrigins:
    """Return origins that redirect by the last segment of the path."""

    def answer(request: OriginRequest) -> FakeBody:
        name = request.url.partition("?")[0].rpartition("/")[2].partition(".")[0]
        return FakeBody(302, {"location": locations[name]}) if name in locations else FakeBody(200)

    return FakeOrigins(answer)


def test_url_is_base_plus_path_and_headers_are_passed_on() -> None:
    origins = redirecting_origins()
    assert build_fetch(origins).get({"Range": "bytes=0-1"}, do_nothing).status == 200
    assert origins.requests[0].url == BASE + "a.csv"
    assert origins.requests[0].headers == {"Range": "bytes=0-1"}


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
def test_redirect_is_followed_and_the_first_response_closed(location: str, target: str) -> None:
    origins = redirecting_origins(a=location)
    build_fetch(origins, redirects=RedirectRule.ANY).get({}, do_nothing)
    assert [request.url for request in origins.requests] == [BASE + "a.csv", target]
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
def test_redirect_to_another_scheme_user_or_port_is_refused(location: str) -> None:
    origins = redirecting_origins(a=location)
    with pytest.raises(OriginAddressRefusedError):
        build_fetch(origins, redirects=RedirectRule.ANY).get({}, do_nothing)
    assert len(origins.requests) == 1


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
def test_any_redirect_is_checked_and_gets_no_secret_of_another_host(location: str) -> None:
    """Each request is for a plain https URL, the check is for its host, and the secret only for the base URL."""
    origins = redirecting_origins(a=location)
    with suppress(TransferError):
        build_fetch(origins, secret_headers={"X-Key": "arn:key"}, redirects=RedirectRule.ANY).get({}, do_nothing)
    for request, check in zip(origins.requests, origins.checks, strict=True):
        url = urlsplit(request.url)
        assert request.url.isascii()
        assert request.url.isprintable()
        assert not set(' \\"<>') & set(request.url)
        assert (url.scheme, url.username, url.fragment) == ("https", None, "")
        assert url.hostname
        assert isinstance(check, partial)
        assert (check.keywords["host"], check.keywords["port"]) == (url.hostname, url.port or 443)
        is_base = (url.hostname.rstrip("."), url.port or 443) == ("files.example.com", 443)
        assert "X-Key" not in request.headers or (is_base and url.path.startswith("/exports/"))


def test_http_redirect_is_followed_if_the_owner_allows_http() -> None:
    origins = redirecting_origins(a="http://files.example.com/b.csv")
    assert build_fetch(origins, allow_http=True).get({}, do_nothing).status == 200


def test_redirect_without_location_is_an_error() -> None:
    with pytest.raises(OriginError, match="where"):
        build_fetch(FakeOrigins(lambda _: FakeBody(301))).get({}, do_nothing)


def test_300_is_followed_if_it_names_a_location() -> None:
    locations = {BASE + "a.csv": {"location": "b.csv"}, BASE + "b.csv": None}
    origins = FakeOrigins(
        lambda request: FakeBody(300, headers) if (headers := locations[request.url]) else FakeBody(200)
    )
    assert build_fetch(origins).get({}, do_nothing).status == 200
    assert build_fetch(FakeOrigins(lambda _: FakeBody(300))).get({}, do_nothing).status == 300


def test_at_most_five_redirects_are_followed() -> None:
    origins = redirecting_origins(a="b", b="c", c="d", d="e", e="f")
    assert build_fetch(origins).get({}, do_nothing).status == 200
    assert len(origins.requests) == 6
    loop = redirecting_origins(a="a.csv")
    with pytest.raises(OriginError, match="5"):
        build_fetch(loop).get({}, do_nothing)
    assert len(loop.requests) == 6


@pytest.mark.parametrize(
    "location",
    ["b", "./b", "https://FILES.example.com:443/exports/b", "https://files.example.com./exports/x/../b?c=1", "%62"],
)
def test_redirect_under_the_base_url_gets_the_secret_headers(location: str) -> None:
    origins = redirecting_origins(a=location)
    build_fetch(origins, secret_headers={"X-Key": "arn:key"}).get({}, do_nothing)
    assert [request.headers.get("X-Key") for request in origins.requests] == ["s3cret", "s3cret"]


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
def test_no_request_after_a_redirect_off_the_base_url_gets_the_secret_headers(location: str) -> None:
    """A redirect back to the base URL gets none either, because the other host could choose the URL."""
    origins = FakeOrigins(
        lambda _: (
            FakeBody(302, {"location": [location, f"{BASE}back.csv"][len(origins.requests) - 1]})
            if len(origins.requests) < 3
            else FakeBody(200)
        )
    )
    rule = RedirectRule.ANY
    build_fetch(origins, secret_headers={"X-Key": "arn:key"}, allow_http=True, redirects=rule).get({}, do_nothing)
    assert origins.requests[2].url == f"{BASE}back.csv"
    assert [request.headers.get("X-Key") for request in origins.requests] == ["s3cret", None, None]


def test_secret_headers_are_sent_again_with_every_new_request() -> None:
    """Each range of a slice starts at the base URL, and each redirect is checked again."""
    origins = FakeOrigins(
        lambda request: (
            FakeBody(302, {"location": "https://cdn.example.com/b"}) if BASE in request.url else FakeBody(206)
        )
    )
    file_fetch = build_fetch(origins, secret_headers={"X-Key": "arn:key"}, redirects=RedirectRule.ANY)
    for span in ("bytes=0-1", "bytes=2-3"):
        assert file_fetch.get({"Range": span}, do_nothing).status == 206
    sent = [(request.headers.get("X-Key"), request.headers["Range"]) for request in origins.requests]
    assert sent == [("s3cret", "bytes=0-1"), (None, "bytes=0-1"), ("s3cret", "bytes=2-3"), (None, "bytes=2-3")]


def test_ca_bundle_applies_to_the_base_host_and_listed_hosts_only() -> None:
    """The port does not matter. An internal CA could issue a certificate for any other name."""
    locations = {
        "a": "https://cdn.example.com/b",
        "b": "https://files.example.com:444/c",
        "c": "http://files.example.com/d",
        "d": "https://sub.files.example.com/e",
        "e": "https://FILES.example.com./f",
    }
    origins = redirecting_origins(**locations)
    fields: dict[str, Any] = {"ca_bundle": "arn:ca", "allow_http": True, "redirects": RedirectRule.ANY}
    build_fetch(origins, **fields).get({}, do_nothing)
    assert [request.ca_bundle for request in origins.requests] == ["PEM", None, "PEM", None, None, "PEM"]
    origins.requests.clear()
    build_fetch(origins, **fields, redirect_hosts=("CDN.example.com.",)).get({}, do_nothing)
    assert [request.ca_bundle for request in origins.requests] == ["PEM", "PEM", "PEM", None, None, "PEM"]


def test_private_addresses_apply_to_the_base_host_and_listed_hosts_only() -> None:
    """An origin must not use the setting to reach another service of the network."""
    locations = {"a": "https://other.example.com/b", "b": "https://store.example.com/c", "c": f"{BASE}d"}
    origins = redirecting_origins(**locations)
    fields: dict[str, Any] = {"redirects": RedirectRule.ANY, "redirect_hosts": ("store.example.com",)}
    build_fetch(origins, allow_private=("10.0.0.0/8",), **fields).get({}, do_nothing)
    base_check, other_check, listed_check, returning_check = origins.checks
    for check in (base_check, listed_check, returning_check):
        check("10.1.2.3")
    with pytest.raises(OriginAddressRefusedError):
        other_check("10.1.2.3")
    other_check("93.184.215.14")


def test_without_a_ca_bundle_public_cas_are_trusted() -> None:
    origins = redirecting_origins()
    build_fetch(origins).get({}, do_nothing)
    assert [request.ca_bundle for request in origins.requests] == [None]


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
def test_unreadable_ca_bundle_ends_the_copy_and_names_the_setting(error: ServiceError) -> None:
    origins = redirecting_origins()
    failing_fetch = build_fetch(origins, ca_bundle="arn:ca")
    failing_fetch.secrets.errors["arn:ca"] = error  # type: ignore[attr-defined]
    with pytest.raises(OriginTlsError, match=f"its setting caBundle.* cannot be read: {error}"):
        failing_fetch.get({}, do_nothing)
    assert origins.requests == []


def test_throttled_ca_bundle_is_left_to_another_attempt() -> None:
    """The state machine retries the worker's error."""
    failing_fetch = build_fetch(redirecting_origins(), ca_bundle="arn:ca")
    failing_fetch.secrets.errors["arn:ca"] = ServiceError("GetSecretValue", "ThrottlingException")  # type: ignore[attr-defined]
    with pytest.raises(ServiceError, match="ThrottlingException"):
        failing_fetch.get({}, do_nothing)


def test_each_redirect_is_checked_for_its_own_host_and_port() -> None:
    """Private ranges apply to the base host; loopback to the configured host and port only."""
    origins = redirecting_origins(a="http://127.0.0.1:9999/b", b="http://127.0.0.1:8080/c")
    base_url = "http://127.0.0.1:8080/"
    build_fetch(origins, loopback=True, base_url=base_url, allow_http=True, allow_private=("10.0.0.0/8",)).get(
        {}, do_nothing
    )
    base_check, other_check, returning_check = origins.checks
    base_check("127.0.0.1")
    base_check("10.1.2.3")
    returning_check("127.0.0.1")
    for check, address in ((other_check, "127.0.0.1"), (base_check, "192.168.1.1"), (base_check, "169.254.169.254")):
        with pytest.raises(OriginAddressRefusedError):
            check(address)


def test_loopback_is_refused_on_aws() -> None:
    origins = redirecting_origins()
    build_fetch(origins, base_url="http://127.0.0.1:8080/", allow_http=True).get({}, do_nothing)
    with pytest.raises(OriginAddressRefusedError):
        origins.checks[0]("127.0.0.1")


def test_first_byte_may_take_14_minutes_or_the_remaining_time() -> None:
    origins = redirecting_origins()
    build_fetch(origins, seconds=870.0).get({}, do_nothing)
    build_fetch(origins, seconds=100.0).get({}, do_nothing)
    assert [request.timeout for request in origins.requests] == [840.0, 100.0]
