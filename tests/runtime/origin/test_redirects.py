"""Targets that an origin may redirect to, by its settings `redirects` and `redirectHosts`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import InvalidPathError, OriginAddressRefusedError
from runtime.logic.origin import paths, redirects
from runtime.logic.origin.origin_scope import is_under, normalize_host, remove_dot_segments
from runtime.models import Origin, RedirectRule

pytestmark = pytest.mark.security

BASE = "https://files.example.com/exports/"
ORIGIN = Origin("files", BASE)
UNDER_BASE = [
    "b.csv",
    "x/../b.csv",
    "/exports/b?c",
    "//files.example.com:443/exports/b",
    "https://FILES.example.com./exports/",
]
SAME_HOST = [
    "/b",
    "../b",
    "%2E%2e/b",
    "..%2fb",
    "..%5Cb",
    "..;/b",
    "%252e%252e/b",
    "https://files.example.com:8443/exports/b",
]
LISTED = ["https://store.example.com/b", "//STORE.example.com.:8443/b", "https://[2001:db8:0::1]/b"]
FOREIGN = ["https://cdn.example.com/b", "//cdn.example.com/b", "https://10.0.0.1/b", "https://sub.files.example.com/b"]
ALLOWED = {
    RedirectRule.BASE: [UNDER_BASE],
    RedirectRule.HOST: [UNDER_BASE, SAME_HOST, LISTED],
    RedirectRule.ANY: [UNDER_BASE, SAME_HOST, LISTED, FOREIGN],
}
ALL_LOCATIONS = [*UNDER_BASE, *SAME_HOST, *LISTED, *FOREIGN]


@pytest.mark.parametrize("location", ALL_LOCATIONS)
@pytest.mark.parametrize("rule", RedirectRule)
def test_rule_allows_its_targets_only(rule: RedirectRule, location: str) -> None:
    hosts = () if rule is RedirectRule.BASE else ("store.example.com", "2001:db8::1")
    origin = replace(ORIGIN, redirects=rule, redirect_hosts=hosts)
    if any(location in locations for locations in ALLOWED[rule]):
        assert redirects.resolve(origin, BASE + "a.csv", location).startswith("https://")
    else:
        with pytest.raises(OriginAddressRefusedError):
            redirects.resolve(origin, BASE + "a.csv", location)


def test_default_rule_is_the_host_of_the_base_url() -> None:
    assert ORIGIN.redirects is RedirectRule.HOST
    with pytest.raises(OriginAddressRefusedError):
        redirects.resolve(ORIGIN, BASE, "https://store.example.com/b")


@pytest.mark.parametrize("rule", [RedirectRule.BASE, RedirectRule.HOST])
def test_failure_names_setting_and_host_but_no_signature(rule: RedirectRule) -> None:
    with pytest.raises(OriginAddressRefusedError) as error_info:
        redirects.resolve(
            replace(ORIGIN, redirects=rule), BASE, "https://store.example.com/key/b?X-Amz-Signature=abc#d"
        )
    message = str(error_info.value)
    assert f"to the host store.example.com, which its setting redirects ({rule.value})" in message
    assert "redirectHosts" in message
    assert "set redirects to any" in message
    assert not any(part in message for part in ("Signature", "abc", "key", "/"))


@pytest.mark.parametrize("host", ["a%1B%5B31m.example.com", "x" * 300 + ".example.com", "\xe2\x80\xae.example.com"])
def test_failure_does_not_repeat_an_unusual_host(host: str) -> None:
    with pytest.raises(OriginAddressRefusedError) as error_info:
        redirects.resolve(ORIGIN, BASE, f"https://{host}/")
    assert "the host with an unusual name" in str(error_info.value)
    assert len(str(error_info.value)) < 300


@pytest.mark.parametrize("rule", RedirectRule)
def test_plain_http_needs_allow_http_under_every_rule(rule: RedirectRule) -> None:
    origin = replace(ORIGIN, redirects=rule)
    with pytest.raises(OriginAddressRefusedError, match="allowHttp"):
        redirects.resolve(origin, BASE, "http://files.example.com/exports/b")
    if rule is not RedirectRule.BASE:  # the scheme is a part of the base URL
        target = redirects.resolve(replace(origin, allow_http=True), BASE, "http://files.example.com/exports/b")
        assert target == "http://files.example.com/exports/b"


@pytest.mark.parametrize("rule", RedirectRule)
@pytest.mark.parametrize("user", ["", "user", "user:pw", "files.example.com", "files.example.com:443"])
def test_target_with_a_user_is_refused(rule: RedirectRule, user: str) -> None:
    for host in ("files.example.com", "evil.example"):
        with pytest.raises(OriginAddressRefusedError):
            redirects.resolve(replace(ORIGIN, redirects=rule), BASE, f"https://{user}@{host}/exports/b")


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/a/b", "/a/b"),
        ("", "/"),
        ("//a//b/", "//a//b/"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/..", "/"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/.%2e/%2e/b", "/b"),
        ("/a/...", "/a/..."),
        ("/a/..b", "/a/..b"),
    ],
)
def test_dot_segments_are_removed(path: str, resolved: str) -> None:
    assert remove_dot_segments(path) == resolved


@pytest.mark.parametrize(
    ("base", "url", "expected"),
    [
        ("https://a/x%20y/", "https://a/x%20y/b", True),
        ("https://a/x%2fy/", "https://a/x%2Fy/b", True),
        ("https://a/x%2fy/", "https://a/x/y/b", False),
        ("https://a/x/", "https://a/%78/b", True),
        ("https://a/x/../y/", "https://a/y/b", True),
        ("https://a/x/", "https://a/x/b%2Fc", True),
        ("https://a/x/", "https://a/x/b%2F..%2Fc", True),
        ("https://a/x/", "https://a/x/b%2F..%2F..%2Fc", False),
        ("https://a/x/", "https://a/x/%25252525252e", False),
        ("https://a/x/", "https://a/x/%c0%ae%c0%ae/b", False),
        ("https://a/x/", "https://a/x/%EF%BC%8E%EF%BC%8E/b", False),
        ("https://a/x/", "https://a/x/..%00/b", False),
        ("https://a/x/", "https://a/x/b%E2%80%8D", True),
        ("https://a/x/", "https://a/x/b%E2%80%A8", False),
        ("https://a/x/", "https://a/x/..%E2%80%8D/b", False),
        ("https://a/x/", "https://a/x/b%2F..%E2%80%8D%2F..%2Fc", False),
        ("https://a/x/", "https://a/x/b%EF%BC%8Fc", False),
        ("https://a:443/", "https://A./", True),
        ("http://a/", "https://a/", False),
        ("https://a/", "https://a:444/", False),
    ],
)
def test_url_is_under_the_base_url_in_every_decoding(base: str, url: str, expected: bool) -> None:
    assert is_under(base, url) is expected


@pytest.mark.parametrize("encoded_slashes", [False, True])
@given(path=st.text("ab/.%2eEfF5c;\\ ?\u200d", max_size=20))
def test_every_valid_request_path_is_under_the_base_url(path: str, encoded_slashes: bool) -> None:
    """A redirect to a URL that could be requested gets the same headers as the request."""
    with suppress(InvalidPathError):
        assert is_under(BASE, paths.join(BASE, path, encoded_slashes=encoded_slashes))


@given(st.text("exports/.%2eEfF5c;\\", max_size=30))
def test_url_under_the_base_url_stays_there_when_decoded(path: str) -> None:
    url = f"https://files.example.com/{path}"
    if is_under(BASE, url):
        assert remove_dot_segments(urlsplit(url).path).startswith("/exports/")


@pytest.mark.parametrize(
    ("host", "normal"),
    [("A.Example.com.", "a.example.com"), ("[2001:DB8:0:0::1]", "2001:db8::1"), ("127.0.0.1", "127.0.0.1")],
)
def test_hosts_are_normalized(host: str, normal: str) -> None:
    assert normalize_host(host) == normal
