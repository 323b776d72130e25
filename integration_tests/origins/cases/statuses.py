"""Statuses other than 200: success in other words, not yet, busy, and refusals."""

from __future__ import annotations

from integration_tests.origins.case import SMALL, Case, End, Reply, Rule, case, reply
from integration_tests.origins.cases.headers import LENGTH, OK

WHOLE = reply(OK, LENGTH, body=SMALL)
PAGE = b"<!doctype html><p>The export is being prepared.</p>"
PAGE_LENGTH = f"Content-Length: {len(PAGE)}"
WITH_FILE = [201, 203]
NO_FILE = [207, 208, 226, 250, 299]
FAILURES = {
    400: "ORIGIN_ERROR", 401: "ORIGIN_REFUSED", 402: "ORIGIN_ERROR", 403: "ORIGIN_REFUSED", 404: "ORIGIN_NOT_FOUND",
    405: "ORIGIN_ERROR", 406: "ORIGIN_ERROR", 407: "ORIGIN_ERROR", 409: "ORIGIN_ERROR", 410: "ORIGIN_NOT_FOUND",
    416: "ORIGIN_ERROR", 418: "ORIGIN_ERROR", 451: "ORIGIN_ERROR", 500: "ORIGIN_ERROR", 501: "ORIGIN_ERROR",
    503: "ORIGIN_ERROR", 505: "ORIGIN_ERROR", 520: "ORIGIN_ERROR", 599: "ORIGIN_ERROR", 600: "ORIGIN_ERROR",
    999: "ORIGIN_ERROR",
}  # fmt: skip
BUSY = [408, 425, 429, 500, 502, 503, 504]


def _page(status: int, *headers: str) -> Reply:
    return reply(f"HTTP/1.1 {status} Status", *headers, PAGE_LENGTH, body=PAGE)


def _first(name: str, answer: Reply, times: int = 1) -> Case:
    """Return a case whose first answers are no file."""
    return case(f"statuses: {name}, then the file", Rule(answer, times=times), WHOLE)


CASES = [
    *(
        case(f"statuses: {status} with the file", reply(f"HTTP/1.1 {status} Status", LENGTH, body=SMALL, end=End.OPEN))
        for status in WITH_FILE
    ),
    *(
        case(
            f"statuses: {status} with the file",
            reply(f"HTTP/1.1 {status} Status", LENGTH, body=SMALL),
            expected="ORIGIN_ERROR",
        )
        for status in NO_FILE
    ),
    case("statuses: 204", reply("HTTP/1.1 204 No Content"), expected="ORIGIN_ERROR", file=b""),
    case("statuses: 205", reply("HTTP/1.1 205 Reset Content", "Content-Length: 0"), expected="ORIGIN_ERROR", file=b""),
    case("statuses: 304", reply("HTTP/1.1 304 Not Modified"), expected="ORIGIN_ERROR"),
    _first("202 with a page", _page(202)),
    case(
        "statuses: 202 with Location",
        Rule(_page(202, "Location: result"), times=1),
        Rule(WHOLE, path="result"),
    ),
    case(
        "statuses: 201 with Location",
        Rule(_page(201, "Location: result")),
        Rule(WHOLE, path="result"),
        file=PAGE,
    ),
    case(
        "statuses: 202 with Content-Location",
        Rule(_page(202, "Content-Location: result"), times=1),
        Rule(WHOLE, path="result"),
    ),
    _first("202 with Retry-After: 1", _page(202, "Retry-After: 1")),
    _first("twice 202 with Retry-After: 2", _page(202, "Retry-After: 2"), 2),
    _first("202 with Retry-After: 33", _page(202, "Retry-After: 33")),
    _first("202 with a Retry-After in the past", _page(202, "Retry-After: Fri, 27 Nov 2020 10:00:00 GMT")),
    _first("202 with a Retry-After that is no time", _page(202, "Retry-After: soon")),
    case(
        "statuses: 202 with a Location at another host",
        _page(202, "Location: http://files.invalid/result"),
        expected="ORIGIN_ADDRESS_REFUSED",
    ),
    case("statuses: 202, then 404", Rule(_page(202), times=1), _page(404), expected="ORIGIN_NOT_FOUND"),
    case(
        "statuses: 202, then 303 to the file",
        Rule(_page(202), times=1),
        Rule(reply("HTTP/1.1 303 See Other", "Location: result", "Content-Length: 0")),
        Rule(WHOLE, path="result"),
    ),
    *(_first(str(status), _page(status)) for status in BUSY),
    _first("twice 503", _page(503), 2),
    _first("429 with Retry-After: 1", _page(429, "Retry-After: 1")),
    _first("503 with Retry-After: 0", _page(503, "Retry-After: 0")),
    _first("503 with Retry-After: 32", _page(503, "Retry-After: 32")),
    _first("429 with Retry-After: 35", _page(429, "Retry-After: 35")),
    _first("503 with a Retry-After that is no time", _page(503, "Retry-After: soon")),
    *(case(f"statuses: {status}", _page(status), expected=code) for status, code in FAILURES.items()),
    case("statuses: two digits", Reply(b"HTTP/1.1 20 OK\r\n\r\n", (SMALL,)), expected="ORIGIN_ERROR"),
    case("statuses: a word", Reply(b"HTTP/1.1 OK\r\n\r\n", (SMALL,)), expected="ORIGIN_ERROR"),
    case("statuses: 503 for ever", _page(503, "Retry-After: 100000"), expected="ORIGIN_ERROR"),
]
