"""Web pages of other origins: who may read an answer, whatever the answer is."""

from __future__ import annotations

import pytest

from runtime.handlers import boundary
from runtime.logic.requests.cors import EXPOSED, cors_headers

PAGE, OTHER = "https://app.example.com", "https://evil.example"


def test_without_pages_nothing_is_said() -> None:
    assert cors_headers((), PAGE) == {}


def test_a_page_that_may_read_is_named_and_others_are_not() -> None:
    """And a cache keeps the answers to different pages apart, also those to nobody's."""
    pages = (PAGE, "https://admin.example.com")
    named = cors_headers(pages, PAGE)
    assert named["Access-Control-Allow-Origin"] == PAGE
    assert named["Access-Control-Expose-Headers"] == ", ".join(EXPOSED)
    for asking in (OTHER, None, "null", PAGE + ".evil.example", PAGE.upper(), ""):
        assert cors_headers(pages, asking) == {"Vary": "Origin"}
    assert named["Vary"] == "Origin"


def test_every_page_may_read_where_all_may() -> None:
    for asking in (OTHER, None):
        assert cors_headers(("*",), asking)["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in cors_headers(("*",), OTHER)


def test_no_credentials_are_ever_allowed() -> None:
    """There are no cookies; a ticket travels in a header or a URL."""
    for pages in ((PAGE,), ("*",)):
        assert "Access-Control-Allow-Credentials" not in cors_headers(pages, PAGE)


@pytest.mark.parametrize("header", ["origin", "Origin", "ORIGIN"])
@pytest.mark.parametrize("works", [True, False])
def test_good_and_bad_answers_can_be_read(monkeypatch: pytest.MonkeyPatch, works: bool, header: str) -> None:
    """A page that cannot read an error cannot say what is wrong."""
    monkeypatch.setenv("CORS_ORIGINS", f'["{PAGE}"]')

    def work(request: boundary.Request) -> boundary.Answer:
        request.json()
        return boundary.answer(202, {}, {"Location": "/x"})

    answered = boundary.rest(work)({"headers": {header: PAGE}, "body": "{}" if works else "["}, None)
    assert answered["statusCode"] == (202 if works else 400)
    assert answered["headers"]["Access-Control-Allow-Origin"] == PAGE
    assert ("Location" in answered["headers"]) is works


def test_a_body_that_is_no_text_is_refused_readably(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f'["{PAGE}"]')
    event = {"headers": {"origin": PAGE}, "body": "%", "isBase64Encoded": True}
    answered = boundary.rest(lambda _: boundary.answer(200, {}))(event, None)
    assert answered["statusCode"] == 400
    assert answered["headers"]["Access-Control-Allow-Origin"] == PAGE
