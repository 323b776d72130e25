"""CORS: the web pages that may read a response, successful or not."""

from __future__ import annotations

import pytest

from runtime.handlers import boundary
from runtime.logic.requests.cors import EXPOSED, cors_headers

PAGE, OTHER = "https://app.example.com", "https://evil.example"


def test_without_origins_no_header_is_sent() -> None:
    assert cors_headers((), PAGE) == {}


def test_allowed_origin_is_named_and_others_get_no_access() -> None:
    """`Vary` keeps responses to different pages apart in caches."""
    cors_origins = (PAGE, "https://admin.example.com")
    headers = cors_headers(cors_origins, PAGE)
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Access-Control-Expose-Headers"] == ", ".join(EXPOSED)
    for origin in (OTHER, None, "null", PAGE + ".evil.example", PAGE.upper(), ""):
        assert cors_headers(cors_origins, origin) == {"Vary": "Origin"}
    assert headers["Vary"] == "Origin"


def test_wildcard_allows_every_page() -> None:
    for origin in (OTHER, None):
        assert cors_headers(("*",), origin)["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in cors_headers(("*",), OTHER)


def test_credentials_are_never_allowed() -> None:
    """There are no cookies; a ticket travels in a header or a URL."""
    for cors_origins in ((PAGE,), ("*",)):
        assert "Access-Control-Allow-Credentials" not in cors_headers(cors_origins, PAGE)


@pytest.mark.parametrize("header", ["origin", "Origin", "ORIGIN"])
@pytest.mark.parametrize("is_valid", [True, False])
def test_errors_can_be_read_as_well(monkeypatch: pytest.MonkeyPatch, is_valid: bool, header: str) -> None:
    """A page that cannot read an error cannot show what is wrong."""
    monkeypatch.setenv("CORS_ORIGINS", f'["{PAGE}"]')

    def handle(request: boundary.Request) -> boundary.Answer:
        request.json()
        return boundary.answer(202, {}, {"Location": "/x"})

    response = boundary.rest(handle)({"headers": {header: PAGE}, "body": "{}" if is_valid else "["}, None)
    assert response["statusCode"] == (202 if is_valid else 400)
    assert response["headers"]["Access-Control-Allow-Origin"] == PAGE
    assert ("Location" in response["headers"]) is is_valid


def test_refusal_of_a_malformed_body_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f'["{PAGE}"]')
    event = {"headers": {"origin": PAGE}, "body": "%", "isBase64Encoded": True}
    response = boundary.rest(lambda _: boundary.answer(200, {}))(event, None)
    assert response["statusCode"] == 400
    assert response["headers"]["Access-Control-Allow-Origin"] == PAGE
