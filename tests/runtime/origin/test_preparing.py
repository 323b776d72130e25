"""Answers that ask to be requested again later: which ones, at which URL, and with which headers."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest

from runtime.errors import OriginAddressRefusedError, OriginError, OriginPreparingError
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.retries import Deadline
from runtime.models import Origin, RedirectRule, Target
from tests.runtime.support.fakes import FakeBody, FakeClock, FakeOrigins, FakeSecrets, do_nothing

BASE = "https://files.example.com/exports/"
OWN_URL = BASE + "a.csv"
SIGNED = "https://jobs.example.com/7?sig=s3cret"


def answering(*bodies: FakeBody) -> FakeOrigins:
    """Return origins that give these answers in order."""
    remaining = list(bodies)
    return FakeOrigins(lambda _: remaining.pop(0))


def build_fetch(origins: FakeOrigins, target: Target | None = None, **fields: object) -> Fetch:
    """Return a `Fetch` of a file, which begins at a URL that the origin named before."""
    origin = Origin("files", **{"base_url": BASE, "secret_headers": {"X-Key": "arn:key"}, **fields})  # type: ignore[arg-type]
    return Fetch(
        origins, FakeSecrets({"arn:key": "s3cret"}), origin, "a.csv", Deadline(FakeClock(), 800.0), target=target
    )


def preparing(fetch: Fetch) -> OriginPreparingError:
    """Return the error of an origin that asks to be requested again later."""
    with pytest.raises(OriginPreparingError) as error_info:
        fetch.get({}, do_nothing)
    return error_info.value


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        ({}, None),
        ({"location": ""}, None),
        ({"location": OWN_URL}, None),
        ({"location": "a.csv#part"}, None),
        ({"location": "jobs/7?sig=1%2F2"}, Target(f"{BASE}jobs/7?sig=1%2F2", gets_secrets=True)),
        ({"location": "/jobs/7"}, Target("https://files.example.com/jobs/7", gets_secrets=False)),
        ({"location": "%2e%2e/jobs/7"}, Target("https://files.example.com/jobs/7", gets_secrets=False)),
        ({"location": "..;/jobs/7"}, Target(f"{BASE}..;/jobs/7", gets_secrets=False)),
        ({"location": "//files.example.com:444/exports/7"}, Target("https://files.example.com:444/exports/7", False)),
        ({"content-location": "jobs/7"}, Target(f"{BASE}jobs/7", gets_secrets=True)),
        ({"location": "b", "content-location": "c"}, Target(f"{BASE}b", gets_secrets=True)),
        ({"location": "", "content-location": "c"}, Target(f"{BASE}c", gets_secrets=True)),
    ],
    ids=str,
)
def test_202_names_the_url_of_the_next_request(headers: dict[str, str], target: Target | None) -> None:
    origins = answering(FakeBody(202, headers, b"wait"))
    assert preparing(build_fetch(origins)).target == target
    assert origins.bodies[0].closed


@pytest.mark.parametrize(("status", "name"), [(202, "location"), (202, "content-location"), (503, "location")])
@pytest.mark.parametrize("rule", RedirectRule)
@pytest.mark.parametrize(
    ("location", "rules"),
    [
        (SIGNED, {RedirectRule.ANY}),
        ("//jobs.example.com/7", {RedirectRule.ANY}),
        ("/other/7", {RedirectRule.ANY, RedirectRule.HOST}),
        ("%2e%2e/7", {RedirectRule.ANY, RedirectRule.HOST}),
        ("%252e%252e/7", {RedirectRule.ANY, RedirectRule.HOST}),
        ("jobs/7", {*RedirectRule}),
        ("http://files.example.com/exports/7", set()),
        ("https://user@files.example.com/exports/7", set()),
        ("https://files.example.com:0/exports/7", set()),
        ("ftp://files.example.com/exports/7", set()),
        ("file:///etc/passwd", set()),
    ],
)
def test_url_of_the_next_request_keeps_the_rules_of_redirects(
    status: int, name: str, rule: RedirectRule, location: str, rules: set[RedirectRule]
) -> None:
    file_fetch = build_fetch(answering(FakeBody(status, {name: location, "retry-after": "60"})), redirects=rule)
    if rule in rules:
        assert preparing(file_fetch).target
        return
    with pytest.raises(OriginAddressRefusedError) as error_info:
        file_fetch.get({}, do_nothing)
    assert "s3cret" not in str(error_info.value)


@pytest.mark.parametrize(("length", "is_allowed"), [(4096, True), (4097, False), (60_000, False)])
def test_url_of_the_next_request_has_at_most_4096_characters(length: int, is_allowed: bool) -> None:
    location = BASE.ljust(length, "x")
    file_fetch = build_fetch(answering(FakeBody(202, {"location": location})))
    with pytest.raises(OriginPreparingError if is_allowed else OriginError) as error_info:
        file_fetch.get({}, do_nothing)
    assert isinstance(error_info.value, OriginPreparingError) is is_allowed
    assert "xx" not in str(error_info.value)


def test_url_is_in_no_text_of_the_error_or_of_the_target() -> None:
    error = preparing(build_fetch(answering(FakeBody(202, {"location": SIGNED})), redirects=RedirectRule.ANY))
    assert error.target == Target(SIGNED, gets_secrets=False)
    assert "jobs" not in f"{error!r} {error} {error.target!r}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("retry_after", ["31", "0031", "9" * 400, formatdate(FakeClock().now() + 40, usegmt=True)])
def test_retry_after_beyond_the_workers_wait_asks_for_a_later_request(status: int, retry_after: str) -> None:
    error = preparing(build_fetch(answering(FakeBody(status, {"retry-after": retry_after}))))
    assert (error.target, error.code) == (None, "ORIGIN_ERROR")
    assert error.retry_after
    assert error.retry_after > 30


@pytest.mark.parametrize(
    ("status", "retry_after"),
    [(503, "30"), (503, "soon"), (503, "-40"), (503, "40.5"), (503, "40, 50"), (503, ""), (404, "40"), (200, "40")],
)
def test_other_answers_are_returned(status: int, retry_after: str) -> None:
    assert build_fetch(answering(FakeBody(status, {"retry-after": retry_after}))).get({}, do_nothing).status == status


@pytest.mark.parametrize(("retry_after", "seconds"), [("7", 7.0), ("soon", None), ("-1", None), ("1e3", None)])
def test_202_needs_no_retry_after(retry_after: str, seconds: float | None) -> None:
    error = preparing(build_fetch(answering(FakeBody(202, {"retry-after": retry_after}))))
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        (FakeBody(202), Target(f"{BASE}b", gets_secrets=True)),
        (FakeBody(503, {"retry-after": "60"}), None),
        (FakeBody(503, {"retry-after": "60", "location": "c"}), Target(f"{BASE}c", gets_secrets=True)),
        (FakeBody(503, {"retry-after": "60", "content-location": "c"}), None),
    ],
)
def test_202_after_a_redirect_is_asked_again_and_a_refused_request_repeated_from_its_start(
    answer: FakeBody, target: Target | None
) -> None:
    assert preparing(build_fetch(answering(FakeBody(302, {"location": "b"}), answer))).target == target


def test_next_request_begins_at_the_named_url_and_follows_its_redirect_to_the_file() -> None:
    origins = answering(FakeBody(303, {"location": "/files/a.csv"}), FakeBody(200))
    target = Target(f"{BASE}jobs/7", gets_secrets=True)
    assert build_fetch(origins, target).get({"Range": "bytes=0-9"}, do_nothing).status == 200
    sent = [(request.url, request.headers.get("X-Key"), request.headers["Range"]) for request in origins.requests]
    assert sent == [
        (target.url, "s3cret", "bytes=0-9"),
        ("https://files.example.com/files/a.csv", None, "bytes=0-9"),
    ]


def test_secret_headers_are_never_sent_again_after_a_wait_outside_the_base_url() -> None:
    """Neither to the URL outside, nor to one under the base URL that the other host chose."""
    fields: dict[str, Any] = {"redirects": RedirectRule.ANY}
    outside = preparing(build_fetch(answering(FakeBody(202, {"location": SIGNED})), **fields)).target
    back_origins = answering(FakeBody(202, {"location": f"{BASE}back"}))
    back = preparing(build_fetch(back_origins, outside, **fields)).target
    assert back == Target(f"{BASE}back", gets_secrets=False)
    last = answering(FakeBody(200))
    build_fetch(last, back, **fields).get({}, do_nothing)
    assert [request.headers.get("X-Key") for request in (*back_origins.requests, *last.requests)] == [None, None]


def test_further_202_without_a_url_keeps_the_last_one() -> None:
    target = Target(f"{BASE}jobs/7", gets_secrets=True)
    assert preparing(build_fetch(answering(FakeBody(202)), target)).target == target


def test_named_url_is_refused_when_the_rules_have_become_stricter() -> None:
    """The stack was deployed with other settings during the wait."""
    origins = answering()
    with pytest.raises(OriginAddressRefusedError, match=r"jobs\.example\.com"):
        build_fetch(origins, Target(SIGNED, gets_secrets=False)).get({}, do_nothing)
    assert origins.requests == []


def test_named_url_outside_a_new_base_url_gets_no_secret_headers() -> None:
    origins = answering(FakeBody(200))
    build_fetch(origins, Target(f"{BASE}jobs/7", gets_secrets=True), base_url=f"{BASE}2/").get({}, do_nothing)
    assert "X-Key" not in origins.requests[0].headers


def test_addresses_of_the_named_url_are_checked_at_its_request() -> None:
    origins = FakeOrigins(lambda _: FakeBody(200))
    rule = RedirectRule.ANY
    build_fetch(origins, Target(SIGNED, gets_secrets=False), redirects=rule, allow_private=("10.0.0.0/8",)).get(
        {}, do_nothing
    )
    for address in ("10.0.0.1", "127.0.0.1", "169.254.169.254"):
        with pytest.raises(OriginAddressRefusedError):
            origins.checks[0](address)


def test_request_is_of_the_named_url_for_every_range() -> None:
    origins = FakeOrigins(lambda _: FakeBody(206))
    file_fetch = build_fetch(origins, Target(f"{BASE}b", gets_secrets=True))
    for span in ("bytes=0-1", "bytes=2-3"):
        file_fetch.get({"Range": span}, do_nothing)
    assert [request.url for request in origins.requests] == [f"{BASE}b"] * 2
