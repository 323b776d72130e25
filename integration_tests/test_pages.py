"""A web page of another origin: what a browser asks on its behalf is answered so that the page may read it."""

from __future__ import annotations

import pytest

from integration_tests.support.rest import Answer, Exchange
from integration_tests.support.settings import PAGE
from integration_tests.support.stack import Stack, unique_path

ALLOWED = "access-control-allow-origin"
EXPOSED = "access-control-expose-headers"
OTHER = "https://evil.example"


def asked_before(stack: Stack, method: str, path: str, *headers: str) -> Answer:
    """What a browser hears before it calls."""
    asking = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(headers)}
    return stack.client.rest.unsigned().call("OPTIONS", path, headers={"Origin": PAGE} | asking)


def names(text: str) -> set[str]:
    """The names in a list of headers or methods."""
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
def test_a_browser_is_told_that_the_page_may_call(stack: Stack, method: str, path: str, header: str) -> None:
    answer = asked_before(stack, method, path, header)
    assert answer.status == 200
    assert answer.headers[ALLOWED] == PAGE
    assert method.lower() in names(answer.headers["access-control-allow-methods"])
    assert header in names(answer.headers["access-control-allow-headers"])


def test_the_page_reads_good_answers_and_errors(stack: Stack) -> None:
    headers = {"Origin": PAGE}
    taken = stack.client.rest.call(
        "POST", "/downloads", {"origin": stack.client.origin, "path": unique_path("1")}, headers
    )
    assert taken.status == 202
    stack.client.parse_download(taken)
    refused = stack.client.rest.call("POST", "/downloads", {"origin": "nobody", "path": "x"}, headers)
    assert refused.status == 400
    for answer in (taken, refused):
        assert answer.headers[ALLOWED] == PAGE
        assert answer.headers["vary"] == "Origin"
        assert {"location", "retry-after"} <= names(answer.headers[EXPOSED])


@pytest.mark.engine
def test_the_page_reads_what_the_gateway_answers(stack: Stack) -> None:
    for method, path, body in (("POST", "/nowhere", {}), ("POST", "/downloads", {"path": 7})):
        answer = stack.client.rest.call(method, path, body, {"Origin": PAGE})
        assert answer.status >= 400
        assert answer.headers[ALLOWED] == PAGE


def test_another_page_reads_nothing_of_a_function(stack: Stack) -> None:
    answer = stack.client.rest.call("POST", "/downloads", {"origin": "nobody", "path": "x"}, {"Origin": OTHER})
    assert ALLOWED not in answer.headers
    assert answer.headers["vary"] == "Origin"


def test_the_page_fetches_the_file_piece_by_piece(stack: Stack) -> None:
    with stack.client.connect(stack.client.request(unique_path("100"))) as socket:
        url = socket.receive("ready")["url"]
    asking = {"Origin": PAGE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    with Exchange("OPTIONS", url, headers=asking) as answer:
        assert answer.status == 200
        assert answer.headers[ALLOWED] == PAGE
    piece = stack.client.fetch(url, {"Origin": PAGE, "Range": "bytes=10-19"})
    assert (piece.status, piece.size) == (206, 10)
    assert piece.headers[ALLOWED] == PAGE
    assert {"etag", "content-range"} <= names(piece.headers[EXPOSED])
    assert ALLOWED not in stack.client.fetch(url, {"Origin": OTHER}).headers


def test_without_pages_a_browser_is_told_nothing(strict_stack: Stack) -> None:
    assert asked_before(strict_stack, "POST", "/downloads").status == 403
    answer = strict_stack.client.rest.call("POST", "/downloads", {"origin": "nobody", "path": "x"}, {"Origin": PAGE})
    assert ALLOWED not in answer.headers
