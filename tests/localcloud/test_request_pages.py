"""Web pages may send requests to the stack's APIs and read pre-signed objects, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.request_refusals import CREDENTIALS_MISSING, FOREIGN_PAGE, UNKNOWN_ACCESS_KEY
from localcloud.request_rules import Request
from tests.localcloud.forged_requests import (
    API,
    CONNECTIONS,
    CROSS_SITE,
    FOREIGN,
    FUNCTIONS,
    ISSUED,
    NAVIGATION,
    OBJECT,
    PORT,
    decide,
    forge,
    header,
    query,
    refusal_of,
)

pytestmark = pytest.mark.security


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": FOREIGN}, {"origin": "null"}, {"origin": f"http://127.0.0.1:{PORT}"}, {"origin": "http://127.0.0.1:1"}],
)
def test_no_page_reaches_a_service(method: str, headers: dict[str, Any]) -> None:
    """Simple requests, preflights and pages of the emulator's port are refused even with the right key."""
    request = forge(FUNCTIONS, method, authorization=header(), **headers)
    assert refusal_of(request) is FOREIGN_PAGE
    assert refusal_of(forge(FUNCTIONS, method, query(), **headers)) is FOREIGN_PAGE


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "Cross-Site", "anything"])
@pytest.mark.parametrize(
    ("mode", "destination"), [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("websocket", "empty")]
)
def test_what_a_page_embeds_or_fetches_is_from_a_page(site: str, mode: str, destination: str) -> None:
    """Browsers send no Origin with an image or a no-cors GET."""
    fetch: dict[str, Any] = {"sec_fetch_site": site, "sec_fetch_mode": mode, "sec_fetch_dest": destination}
    assert refusal_of(forge(FUNCTIONS, query=query(), **fetch)) is FOREIGN_PAGE
    assert refusal_of(forge("/_ministack/health", **fetch)) is FOREIGN_PAGE


def test_a_link_may_be_followed() -> None:
    assert refusal_of(forge(OBJECT, query=query(), **NAVIGATION)) is None
    assert refusal_of(forge("/_ministack/health", **NAVIGATION)) is None
    assert refusal_of(forge(OBJECT, **NAVIGATION)) is CREDENTIALS_MISSING
    assert refusal_of(forge(FUNCTIONS, "POST", query(), **NAVIGATION)) is FOREIGN_PAGE
    typed = NAVIGATION | {"sec_fetch_site": "none"}
    assert refusal_of(forge(OBJECT, query=query(), **typed)) is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{"origin": FOREIGN}, CROSS_SITE])
def test_on_signed_reads_of_objects_the_bucket_decides(method: str, headers: dict[str, Any]) -> None:
    signed = query(ISSUED, "s3")
    assert decide(forge(OBJECT, method, signed, **headers)).keeps_cors
    assert refusal_of(forge(OBJECT, method, signed, **headers)) is None
    request = forge(OBJECT, "OPTIONS", signed, access_control_request_method=method, **headers)
    assert (refusal_of(request), decide(request).keeps_cors) == (None, True)


@pytest.mark.parametrize(
    "forged",
    [
        forge(OBJECT, "PUT", query(ISSUED, "s3"), origin=FOREIGN),
        forge(OBJECT, "POST", query(ISSUED, "s3"), origin=FOREIGN),
        forge(OBJECT, "OPTIONS", query(ISSUED, "s3"), origin=FOREIGN, access_control_request_method="PUT"),
        forge(OBJECT, "OPTIONS", query(ISSUED, "s3"), origin=FOREIGN),
        forge(OBJECT, "GET", query(ISSUED, "lambda"), origin=FOREIGN),
        forge("/nothing/key", "GET", query(ISSUED, "s3"), origin=FOREIGN),
        forge(FUNCTIONS, "GET", query(ISSUED, "s3"), origin=FOREIGN),
        forge(OBJECT, "GET", origin=FOREIGN, authorization=header(ISSUED, "s3")),
        forge(CONNECTIONS, "POST", origin=FOREIGN, authorization=header(ISSUED, "execute-api")),
    ],
)
def test_nothing_else_that_is_signed_is_let_through(forged: Request) -> None:
    assert refusal_of(forged) is FOREIGN_PAGE


def test_an_object_read_needs_a_key_of_this_run() -> None:
    signed = query("test", "s3")
    preflight = forge(OBJECT, "OPTIONS", signed, origin=FOREIGN, access_control_request_method="GET")
    for request in (forge(OBJECT, "GET", signed, origin=FOREIGN), preflight):
        assert refusal_of(request) is UNKNOWN_ACCESS_KEY


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("headers", [{}, {"origin": FOREIGN}, CROSS_SITE, {"authorization": "Bearer token"}])
def test_the_stacks_apis_decide_themselves(method: str, headers: dict[str, Any]) -> None:
    decision = decide(forge(API, method, "ticket=1.x", **headers))
    assert (decision.refusal, decision.keeps_cors) == (None, True)


def test_an_answer_to_a_program_carries_no_cors_headers() -> None:
    for path in (FUNCTIONS, OBJECT, "/_ministack/health"):
        assert not decide(forge(path, authorization=header())).keeps_cors
