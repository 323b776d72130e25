"""Settings of the page: config.json, or the address where the host has no such file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration_tests.page.conftest import Open
from integration_tests.page.visit import Visit
from localcloud.web_page import WebPage

pytestmark = pytest.mark.security

LINKED = "https://evil.example/v1"
MESSAGE = "The settings of this page could not be loaded."


def is_config(url: str) -> bool:
    """Return True for the URL of the page's settings."""
    return url.endswith("/config.json")


def answer_with(status: int, body: str = "{}") -> Any:
    """Return a handler that answers in place of the host."""
    return lambda route: route.fulfill(status=status, body=body, content_type="application/json")


FAILURES: dict[str, Any] = {
    **{str(status): answer_with(status) for status in (301, 400, 401, 403, 410, 429, 500, 502, 503, 504)},
    "no JSON": answer_with(200, "<html>"),
    "a list": answer_with(200, "[]"),
    "null": answer_with(200, "null"),
    "no connection": lambda route: route.abort(),
}


def open_with_answer(visit: Open, url: str | None, answer: Any) -> Visit:
    """Open the page while its host gives this answer for config.json."""
    page = visit(url)
    page.intercept(is_config, answer, times=1)
    page.page.goto(f"{page.url}?api={LINKED}")
    return page


@pytest.mark.parametrize("failure", FAILURES)
def test_an_unreadable_config_is_reported_and_read_again(visit: Open, web_page: WebPage, failure: str) -> None:
    page = open_with_answer(visit, None, FAILURES[failure])
    page.expect_contains("unconfigured", MESSAGE)
    assert page.part("api").input_value() == ""
    assert page.part("ask").evaluate("form => form.inert")
    page.part("again").click()
    page.page.locator("#ask:not([inert])").wait_for()
    assert page.part("api").input_value() == web_page.config["apiUrl"]
    assert not page.part("unconfigured").is_visible()


def test_an_api_from_the_address_is_shown_before_any_call(visit: Open) -> None:
    """The host answers 404 for config.json."""
    with WebPage() as bare:
        page = visit(bare.url).open(api=LINKED)
        assert page.part("api").input_value() == LINKED
        assert page.part("api").is_visible()
        assert page.part("api-hint").is_visible()
        assert not any(url.startswith("https://evil.example") for url in page.fetched)
        page = visit(bare.url).open()
        assert page.part("api").is_visible()
        assert not page.part("api-hint").is_visible()


def test_a_config_without_an_api_ignores_the_address(visit: Open) -> None:
    """The address counts only on a host without config.json."""
    page = open_with_answer(visit, None, answer_with(200, json.dumps({"restAuth": "api_key"})))
    page.page.locator("#ask:not([inert])").wait_for()
    assert page.part("api").input_value() == ""


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.example.com/v1", True),
        ("https://api.example.com/v2", True),
        ("https://api.example.com:8443/v1", False),
        ("https://evil.example/v1", False),
        ("", False),
    ],
)
def test_a_key_is_cleared_when_the_host_changes(visit: Open, url: str, kept: bool) -> None:
    with WebPage() as bare:
        page = visit(bare.url).open()
        page.part("api").fill("https://api.example.com/v1")
        page.part("key").fill("made-up")
        page.part("api").fill(url)
        assert page.part("key").input_value() == ("made-up" if kept else "")
