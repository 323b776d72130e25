"""CORS: answers that let web pages of the configured origins read the API and the bucket."""

from __future__ import annotations

import pytest

from integration_tests.support.rest import Answer, Exchange
from integration_tests.support.settings import PAGE_ORIGIN
from integration_tests.support.stack import Stack, unique_path

ALLOWED = "access-control-allow-origin"
EXPOSED = "access-control-expose-headers"
OTHER = "https://evil.example"


def preflight(stack: Stack, method: str, path: str, *headers: str) -> Answer:
    """Send the preflight request of a browser."""
    asking = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(headers)}
    return stack.client.rest.unsigned().call("OPTIONS", path, headers={"Origin": PAGE_ORIGIN} | asking)


def names(text: str) -> set[str]:
    """Return the names in a comma-separated list of headers or methods."""
    return {name.strip().lower() for name in text.split(",")}


@pytest.mark.parametrize(
    ("method", "path", "header"),
    [
        ("POST", "/downloads", "content-type"),
        ("GET", "/download", "x-api-key"),
        ("GET", "/downloads/any", "x-download-ticket"),
        ("DELETE", "/downloads/any", "x-download-ticket"),
    ],
)
def test_a_preflight_from_an_allowed_origin_is_accepted(stack: Stack, method: str, path: str, header: str) -> None:
    answer = preflight(stack, method, path, header)
    assert answer.status == 200
    assert answer.headers[ALLOWED] == PAGE_ORIGIN
    assert method.lower() in names(answer.headers["access-control-allow-methods"])
    assert header in names(answer.headers["access-control-allow-headers"])


def test_an_allowed_origin_reads_answers_and_errors(stack: Stack) -> None:
    headers = {"Origin": PAGE_ORIGIN}
    taken = stack.client.rest.call(
        "POST", "/downloads", {"origin": stack.client.origin, "path": unique_path("1")}, headers
    )
    assert taken.status == 202
    stack.client.parse_download(taken)
    refused = stack.client.rest.call("POST", "/downloads", {"origin": "nobody", "path": "x"}, headers)
    assert refused.status == 400
    for answer in (taken, refused):
        assert answer.headers[ALLOWED] == PAGE_ORIGIN
        assert answer.headers["vary"] == "Origin"
        assert {"location", "retry-after"} <= names(answer.headers[EXPOSED])


@pytest.mark.engine
def test_an_allowed_origin_reads_errors_of_the_gateway(stack: Stack) -> None:
    for method, path, body in (("POST", "/nowhere", {}), ("POST", "/downloads", {"path": 7})):
        answer = stack.client.rest.call(method, path, body, {"Origin": PAGE_ORIGIN})
        assert answer.status >= 400
        assert answer.headers[ALLOWED] == PAGE_ORIGIN


def test_another_origin_reads_no_answer_of_a_function(stack: Stack) -> None:
    answer = stack.client.rest.call("POST", "/downloads", {"origin": "nobody", "path": "x"}, {"Origin": OTHER})
    assert ALLOWED not in answer.headers
    assert answer.headers["vary"] == "Origin"


def test_an_allowed_origin_fetches_ranges_of_the_file(stack: Stack) -> None:
    url = stack.client.receive_ready(stack.client.request(unique_path("100")))["url"]
    asking = {"Origin": PAGE_ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    with Exchange("OPTIONS", url, headers=asking) as answer:
        assert answer.status == 200
        assert answer.headers[ALLOWED] == PAGE_ORIGIN
    piece = stack.client.fetch(url, {"Origin": PAGE_ORIGIN, "Range": "bytes=10-19"})
    assert (piece.status, piece.size) == (206, 10)
    assert piece.headers[ALLOWED] == PAGE_ORIGIN
    assert {"etag", "content-range"} <= names(piece.headers[EXPOSED])
    assert ALLOWED not in stack.client.fetch(url, {"Origin": OTHER}).headers


def test_without_cors_origins_a_preflight_is_refused(strict_stack: Stack) -> None:
    assert preflight(strict_stack, "POST", "/downloads").status == 403
    answer = strict_stack.client.rest.call(
        "POST", "/downloads", {"origin": "nobody", "path": "x"}, {"Origin": PAGE_ORIGIN}
    )
    assert ALLOWED not in answer.headers
