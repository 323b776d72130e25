"""Cookies that a redirect sets go back to the server that set them, within one GET, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.adapters.origin_http import HttpOrigins
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.redirect_cookies import MAX_COOKIES, MAX_LENGTH, RedirectCookies
from runtime.logic.origin.retries import Deadline
from runtime.models import Origin, RedirectRule
from tests.runtime.support.fakes import FakeBody, FakeClock, FakeOrigins, FakeSecrets, OriginRequest, do_nothing
from tests.runtime.support.http_server import Exchange, serving

pytestmark = pytest.mark.security

NOW = 1_800_000_000.0  # 15 January 2027
URL = "https://files.example.com/exports/a.csv"


def cookies_of(*lines: str, url: str = URL) -> RedirectCookies:
    cookies = RedirectCookies()
    cookies.keep(url, {"set-cookie": "\n".join(lines)}, NOW)
    return cookies


def fetch(origins: FakeOrigins, **fields: object) -> Fetch:
    origin = Origin("files", **{"base_url": "https://files.example.com/exports/", **fields})  # type: ignore[arg-type]
    secrets = FakeSecrets({"arn:cookie": "session=ours"})
    return Fetch(origins, secrets, origin, "a.csv", Deadline(FakeClock(), 800.0))


def test_target_that_wants_the_cookie_of_the_redirect_gets_it() -> None:
    def answer(request: OriginRequest) -> FakeBody:
        if request.url.endswith("b.csv"):
            return FakeBody(200 if request.headers.get("Cookie") == "pass=1; id=2" else 404)
        return FakeBody(
            302, {"location": "b.csv", "set-cookie": "pass=1; Path=/exports/; Secure; HttpOnly\nid=2; Path=/"}
        )

    origins = FakeOrigins(answer)
    assert fetch(origins).get({"Range": "bytes=0-1"}, do_nothing).status == 200
    assert origins.requests[0].headers == {"Range": "bytes=0-1"}


def test_url_that_redirects_to_itself_until_its_cookie_comes_back_is_read() -> None:
    origins = FakeOrigins(
        lambda request: (
            FakeBody(200)
            if "Cookie" in request.headers
            else FakeBody(302, {"location": request.url, "set-cookie": "seen=1"})
        )
    )
    assert fetch(origins).get({}, do_nothing).status == 200
    assert len(origins.requests) == 2


def test_each_get_starts_without_cookies() -> None:
    origins = FakeOrigins(
        lambda request: FakeBody(302, {"location": "b", "set-cookie": "a=1"}) if request.url == URL else FakeBody(200)
    )
    file_fetch = fetch(origins)
    for _ in range(2):
        file_fetch.get({}, do_nothing)
    assert [request.headers.get("Cookie") for request in origins.requests] == [None, "a=1", None, "a=1"]


@pytest.mark.parametrize(
    "location",
    [
        "https://cdn.example.com/exports/b",
        "https://sub.files.example.com/exports/b",
        "https://example.com/exports/b",
        "https://files.example.com:8443/exports/b",
        "http://files.example.com/exports/b",
    ],
)
def test_no_other_server_gets_a_cookie(location: str) -> None:
    """Not even where the cookie names a domain that both belong to. The first server gets it again."""
    answers = {
        URL: FakeBody(302, {"location": location, "set-cookie": "a=1; Path=/; Domain=example.com"}),
        location: FakeBody(302, {"location": f"{URL}?back"}),
    }
    origins = FakeOrigins(lambda request: answers.get(request.url) or FakeBody(200))
    fetch(origins, redirects=RedirectRule.ANY, allow_http=True).get({}, do_nothing)
    assert [request.headers.get("Cookie") for request in origins.requests] == [None, None, "a=1"]


def test_secret_header_of_the_origin_replaces_cookies_under_its_base_url() -> None:
    origins = FakeOrigins(
        lambda request: (
            FakeBody(302, {"location": "/out", "set-cookie": "a=1; Path=/"}) if request.url == URL else FakeBody(200)
        )
    )
    fetch(origins, secret_headers={"cookie": "arn:cookie"}).get({}, do_nothing)
    assert [dict(request.headers) for request in origins.requests] == [{"cookie": "session=ours"}, {"Cookie": "a=1"}]


@pytest.mark.parametrize(
    ("line", "path", "is_sent"),
    [
        ("a=1", "/exports/b", True),
        ("a=1", "/exports/x/b", True),
        ("a=1", "/exports", True),
        ("a=1", "/exports-2/b", False),
        ("a=1", "/b", False),
        ("a=1; Path=/", "/b", True),
        ("a=1; path=/other", "/other/b", True),
        ("a=1; Path=/other/", "/other", False),
        ("a=1; Path=relative", "/exports/b", True),
        ("a=1; Max-Age=60", "/exports/b", True),
        ("a=1; Max-Age=0", "/exports/b", False),
        ("a=1; Max-Age=-1", "/exports/b", False),
        ("a=1; Max-Age=00", "/exports/b", False),
        ("a=1; Max-Age=soon", "/exports/b", True),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/exports/b", False),
        ("a=1; Expires=Fri, 15 Jan 2027 09:00:00 GMT", "/exports/b", True),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", "/exports/b", True),
        ("a=1; Expires=Fri, 15 Jan 2027 09:00:00 GMT; Max-Age=0", "/exports/b", False),
        ("a=1; Expires=yesterday", "/exports/b", True),
        ("a=1; Expires=Thu, 99 Jan 99999 99:00:00 GMT", "/exports/b", True),
    ],
)
def test_path_and_age_of_a_cookie_are_respected(line: str, path: str, is_sent: bool) -> None:
    header = cookies_of(line).header(f"https://files.example.com{path}")
    assert header == ({"Cookie": "a=1"} if is_sent else {})


def test_secure_cookie_over_plain_http_is_dropped() -> None:
    url = "http://files.example.com/a"
    assert cookies_of("a=1; Secure", "b=2", url=url).header(url) == {"Cookie": "b=2"}


@pytest.mark.parametrize("line", ["", "=", "=1", "a", "a b=1", "a=\x00", "a=\xfc", "a=1 2", 'a="x,\x1b"'])
def test_malformed_cookie_is_dropped(line: str) -> None:
    assert cookies_of(line, "b=2").header(URL) == {"Cookie": "b=2"}


def test_later_value_replaces_an_earlier_one_and_can_remove_it() -> None:
    assert cookies_of("a=1", "b=2", "a=3").header(URL) == {"Cookie": "b=2; a=3"}
    assert cookies_of("a=1", "a=; Max-Age=0").header(URL) == {}


def test_number_and_length_of_cookies_are_limited() -> None:
    many = cookies_of(*(f"n{number}=1" for number in range(MAX_COOKIES + 5))).header(URL)["Cookie"]
    assert many.count("=") == MAX_COOKIES
    assert cookies_of("a=" + "x" * MAX_LENGTH, "b=2").header(URL) == {"Cookie": "b=2"}
    long = cookies_of(*(f"n{number}=" + "x" * 1000 for number in range(MAX_COOKIES))).header(URL)["Cookie"]
    assert 3000 < len(long) <= MAX_LENGTH


@given(
    st.one_of(
        st.text(max_size=80), st.text("a=1; ,Expires-Max:0123456789GMTJan", max_size=80).map("a=1; Expires=".__add__)
    )
)
def test_any_header_yields_one_line_of_printable_ascii(text: str) -> None:
    cookies = RedirectCookies()
    cookies.keep(URL, {"set-cookie": text}, NOW)
    header = cookies.header(URL).get("Cookie", "")
    assert header.isascii()
    assert header.isprintable()


def test_cookies_are_not_shown() -> None:
    assert "hunter2" not in repr(cookies_of("a=hunter2"))


def test_all_cookies_of_a_real_answer_are_kept() -> None:
    """An expiry date holds a comma, so the headers cannot be joined by commas."""

    def script(exchange: Exchange) -> None:
        lines = ["Set-Cookie: a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT", "set-cookie: b=2", "Location: x"]
        exchange.send("HTTP/1.1 302 Found", *lines, "Content-Length: 0")

    with serving(script) as server:
        url = f"http://127.0.0.1:{server.port}/a"
        body = HttpOrigins().get(url, {}, check=lambda _: None, timeout=5, while_waiting=do_nothing)
        cookies = RedirectCookies()
        cookies.keep(url, body.headers, NOW)
        body.close()
    assert cookies.header(url) == {"Cookie": "a=1; b=2"}
