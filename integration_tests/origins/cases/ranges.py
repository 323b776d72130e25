"""Ranges: parts of what was asked for, refusals, odd Content-Range headers, validators, conditions."""

from __future__ import annotations

from integration_tests.origins.case import LARGE, SLICED, SMALL, Case, End, Reply, Rule, case, reply
from integration_tests.origins.cases.headers import OK

PARTIAL = "HTTP/1.1 206 Partial Content"
SPAN = "Content-Range: bytes {first}-{last}/{total}"
LENGTH = "Content-Length: {length}"
ALL = "Content-Length: {total}"
ETAG = 'ETag: "v1"'
OLD_DATE = ("Date: Fri, 27 Nov 2026 10:00:00 GMT", "Last-Modified: Mon, 02 Nov 2026 10:00:00 GMT")
MIB = 1 << 20

RANGE = {"range": ".+"}
LATER = {"range": "bytes=[1-9].*"}
IF_MATCH = {"if-match": ".+"}


def _part(*headers: str, span: str = SPAN, limit: int | None = None) -> Reply:
    """Return the requested range of the file."""
    return reply(PARTIAL, *((span,) if span else ()), LENGTH, *headers, body=None, end=End.OPEN, limit=limit)


def _refusal(status: int, *headers: str) -> Reply:
    return reply(f"HTTP/1.1 {status} Refused", "Content-Length: 7", *headers, body=b"refused", end=End.OPEN)


def _whole(*headers: str) -> Rule:
    """Return the file, for requests without a range."""
    return Rule(reply(OK, ALL, *headers, body=None, end=End.OPEN), {"range": ""})


def _sliced(name: str, *replies: Reply | Rule) -> Case:
    """Return a case whose file is copied in slices."""
    return case(f"ranges: slices, {name}", *replies, Rule(_part(ETAG), RANGE), _whole(ETAG), file=SLICED)


def _large(name: str, *replies: Reply | Rule, expected: str = "READY") -> Case:
    return case(f"ranges: {name}", *replies, expected=expected, file=LARGE)


def _ranged(name: str, answer: Reply, file: bytes = SMALL, expected: str = "READY") -> Case:
    """Return a case of an origin that serves the file to requests without a range."""
    return case(f"ranges: {name}", Rule(answer, RANGE), _whole(ETAG), expected=expected, file=file)


SPANS = {
    "with an equals sign": "Content-Range: bytes={first}-{last}/{total}",
    "of a star": "Content-Range: bytes */{total}",
    "with an unknown size": "Content-Range: bytes {first}-{last}/*",
    "without a size": "Content-Range: bytes {first}-{last}",
    "without a unit": "Content-Range: {first}-{last}/{total}",
    "of another unit": "Content-Range: items {first}-{last}/{total}",
    "in capitals": "Content-Range: BYTES {first}-{last}/{total}",
    "without a blank": "Content-Range: bytes{first}-{last}/{total}",
    "with blanks": "Content-Range: bytes {first} - {last} / {total}",
    "with a colon": "Content-Range: bytes: {first}-{last}/{total}",
    "with the end not included": "Content-Range: bytes {first}-{length}/{total}",
    "behind the file": "Content-Range: bytes {total}-{total}/{total}",
    "backwards": "Content-Range: bytes {last}-{first}/{total}",
    "with a size of 0": "Content-Range: bytes {first}-{last}/0",
    "with a size of the range": "Content-Range: bytes {first}-{last}/{length}",
    "twice": f"{SPAN}\r\n{SPAN}",
    "with minus one": "Content-Range: bytes {first}-{last}/-1",
    "with 20 digits": "Content-Range: bytes {first}-{last}/99999999999999999999",
    "missing": "",
}
BOUNDARY = "Content-Type: multipart/byteranges; boundary=b"
MULTIPART = b"--b\r\nContent-Type: text/csv\r\nContent-Range: bytes 0-99/%d\r\n\r\n%b\r\n--b--\r\n" % (
    len(SMALL),
    SMALL[:100],
)
REFUSALS = [
    400, 403, 405, 406, 407, 409, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 426, 428, 431, 451,
    500, 501, 505, 510, 511,
]  # fmt: skip
FINAL = {401: "ORIGIN_REFUSED", 404: "ORIGIN_NOT_FOUND", 410: "ORIGIN_NOT_FOUND"} | dict.fromkeys(
    (408, 425, 429, 502, 503, 504), "ORIGIN_ERROR"
)

CASES = [
    _sliced("served"),
    _sliced("at most 3 MiB", Rule(_part(ETAG, limit=3 * MIB), LATER)),
    _sliced("If-Match answered with 412", Rule(_refusal(412), IF_MATCH)),
    _sliced("later ones answered with the file", Rule(reply(OK, ALL, ETAG, body=SLICED), LATER)),
    _sliced("later ones answered with 403", Rule(_refusal(403), LATER)),
    _sliced("later ones are another version", Rule(_part('ETag: "v2"'), LATER)),
    _large("served, a strong ETag", Rule(_part(ETAG), RANGE), _whole(ETAG)),
    _large("served, Last-Modified", Rule(_part(*OLD_DATE), RANGE), _whole(*OLD_DATE)),
    _large("served, a weak ETag", Rule(_part('ETag: W/"v1"'), RANGE), _whole('ETag: W/"v1"')),
    _large("served, no validator", Rule(_part(), RANGE), _whole()),
    _large("ignored", reply(OK, ALL, ETAG, body=LARGE)),
    _large("not accepted and served", Rule(_part(ETAG, "Accept-Ranges: none"), RANGE), _whole(ETAG)),
    _large("at most 3 MiB", Rule(_part(ETAG, limit=3 * MIB), RANGE), _whole(ETAG)),
    _large("at most 3 MiB, Last-Modified", Rule(_part(*OLD_DATE, limit=3 * MIB), RANGE), _whole()),
    _large("at most 3 MiB, a weak ETag", Rule(_part('ETag: W/"v1"', limit=3 * MIB), RANGE), _whole()),
    _large("at most 3 MiB, no validator", Rule(_part(limit=3 * MIB), RANGE), _whole()),
    _large("at most 3 MiB of each", _part(ETAG, limit=3 * MIB)),
    _large("one byte less than asked for", Rule(_part(ETAG, limit=(8 << 20) - 1), RANGE), _whole()),
    _large("only later ranges are shorter", Rule(_part(ETAG, limit=MIB), LATER), Rule(_part(ETAG), RANGE), _whole()),
    case("ranges: a small file in parts", Rule(_part(ETAG, limit=100_000), RANGE), _whole()),
    case("ranges: a small file in parts, no validator", Rule(_part(limit=100_000), RANGE), _whole()),
    case(
        "ranges: a small file in parts that change their ETag",
        Rule(_part('ETag: "{count}"', limit=100_000), RANGE),
        _whole(),
    ),
    *(_ranged(f"answered with {status}", _refusal(status)) for status in REFUSALS),
    *(_ranged(f"answered with {status}", _refusal(status), expected=code) for status, code in FINAL.items()),
    *(_ranged(f"a large file, answered with {status}", _refusal(status), LARGE) for status in (416, 501)),
    case(
        "ranges: an empty file, answered with 416",
        Rule(_refusal(416, "Content-Range: bytes */0"), RANGE),
        _whole(),
        file=b"",
    ),
    _ranged("answered with 204", reply("HTTP/1.1 204 No Content", end=End.OPEN), expected="ORIGIN_ERROR"),
    _ranged("answered with 304", reply("HTTP/1.1 304 Not Modified", end=End.OPEN)),
    _ranged("reset", Reply(b"", end=End.RESET), expected="ORIGIN_UNREACHABLE"),
    _ranged("closed", Reply(b""), expected="ORIGIN_UNREACHABLE"),
    *(_ranged(f"Content-Range {name}", _part(ETAG, span=span)) for name, span in SPANS.items()),
    _ranged(
        "Content-Range twice and differing",
        _part(ETAG, "Content-Range: bytes 5-9/{total}"),
        expected="ORIGIN_ERROR",
    ),
    *(
        _ranged(f"a large file, Content-Range {name}", _part(ETAG, span=SPANS[name]), LARGE)
        for name in (
            "with an equals sign",
            "of a star",
            "with an unknown size",
            "with the end not included",
            "with a size of the range",
            "missing",
        )
    ),
    _ranged(
        "another range", reply(PARTIAL, "Content-Range: bytes 5-9/{total}", "Content-Length: 5", ETAG, body=SMALL[5:10])
    ),
    _ranged(
        "the first byte alone", reply(PARTIAL, "Content-Range: bytes 0-0/{total}", "Content-Length: 1", body=SMALL[:1])
    ),
    _ranged(
        "more than asked for",
        reply(PARTIAL, f"Content-Range: bytes 0-{len(LARGE) - 1}/{{total}}", ALL, body=LARGE),
        LARGE,
    ),
    _ranged(
        "a length that contradicts the range",
        reply(PARTIAL, SPAN, "Content-Length: 100", body=SMALL[:100]),
        expected="ORIGIN_ERROR",
    ),
    _ranged("multipart without a part", reply(PARTIAL, BOUNDARY, "Content-Length: 7", body=b"--b--\r\n")),
    _ranged(
        "multipart with a part", reply(PARTIAL, BOUNDARY, f"Content-Length: {len(MULTIPART)}", ETAG, body=MULTIPART)
    ),
    case("ranges: 206 without a range", _part(ETAG)),
    case(
        "ranges: chunked",
        Rule(
            reply(
                PARTIAL, SPAN, ETAG, "Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMALL), SMALL)
            ),
            RANGE,
        ),
        _whole(),
    ),
    case("ranges: no length, closed", Rule(reply(PARTIAL, SPAN, ETAG, body=None), RANGE), _whole()),
    *(
        _large(
            f"If-Match answered with {status}", Rule(_refusal(status), IF_MATCH), Rule(_part(ETAG), RANGE), _whole(ETAG)
        )
        for status in (400, 403, 412, 416, 500, 501)
    ),
    *(
        _large(
            f"later ones answered with {status}", Rule(_refusal(status), LATER), Rule(_part(ETAG), RANGE), _whole(ETAG)
        )
        for status in (400, 403, 405, 412, 416, 501)
    ),
    _large(
        "later ones answered with the file",
        Rule(reply(OK, ALL, ETAG, body=LARGE), LATER),
        Rule(_part(ETAG), RANGE),
        _whole(ETAG),
    ),
    _large(
        "later ones answered with 203",
        Rule(reply("HTTP/1.1 203 Transformed", ALL, ETAG, body=LARGE), LATER),
        Rule(_part(ETAG), RANGE),
        _whole(ETAG),
    ),
    _large(
        "later ones answered with their Content-Range missing",
        Rule(_part(ETAG, span=""), LATER),
        Rule(_part(ETAG), RANGE),
        _whole(ETAG),
    ),
    _large("later ones without their ETag", Rule(_part(), LATER), Rule(_part(ETAG), RANGE), _whole(ETAG)),
    _large("later ones with a weak ETag", Rule(_part('ETag: W/"v1"'), LATER), Rule(_part(ETAG), RANGE), _whole(ETAG)),
    _large("another ETag each time", Rule(_part('ETag: "{count}"'), RANGE), _whole('ETag: "{count}"')),
    _large("another weak ETag each time", Rule(_part('ETag: W/"{count}"'), RANGE), _whole('ETag: W/"{count}"')),
    _large(
        "another ETag each time, 412 to If-Match",
        Rule(_refusal(412), IF_MATCH),
        Rule(_part('ETag: "{count}"'), RANGE),
        _whole('ETag: "{count}"'),
    ),
    _large("an ETag without quotes", Rule(_part("ETag: v1"), RANGE), _whole()),
    _large("an ETag with blanks", Rule(_part('ETag: "a b"'), RANGE), _whole()),
    _large("an empty ETag", Rule(_part("ETag:"), RANGE), _whole()),
    _large("an ETag of 4 KB", Rule(_part(f'ETag: "{"a" * 4096}"'), RANGE), _whole()),
    _large("an ETag that is not ASCII", Rule(_part('ETag: "größe"'), RANGE), _whole()),
    _large(
        "Last-Modified of now",
        Rule(_part("Date: Fri, 27 Nov 2026 10:00:00 GMT", "Last-Modified: Fri, 27 Nov 2026 10:00:00 GMT"), RANGE),
        _whole(),
    ),
    _large("Last-Modified that is no date", Rule(_part("Last-Modified: yesterday"), RANGE), _whole()),
    _large(
        "another size first",
        Rule(_part(ETAG, span=f"Content-Range: bytes {{first}}-{{last}}/{len(LARGE) + 1}"), RANGE, times=1),
        Rule(_part(ETAG), RANGE),
        _whole(ETAG),
    ),
    _large(
        "cut once",
        Rule(reply(PARTIAL, SPAN, LENGTH, ETAG, body=LARGE[:MIB]), RANGE, times=1),
        Rule(_part(ETAG), RANGE),
        _whole(ETAG),
    ),
    _large(
        "cut each time",
        Rule(reply(PARTIAL, SPAN, LENGTH, ETAG, body=LARGE[:MIB]), {"range": "bytes=0-.*"}),
        Rule(_part(ETAG), RANGE),
        _whole(ETAG),
    ),
]
