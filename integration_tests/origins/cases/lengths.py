"""Content-Length in its spellings, and with what contradicts it."""

from __future__ import annotations

from integration_tests.origins.case import SMALL, End, case, reply
from integration_tests.origins.cases.headers import CHUNKED, CHUNKS, OK, THIRD

N = len(SMALL)
SAME = {
    "n, n": (f"Content-Length: {N}, {N}",),
    "n,n,n": (f"Content-Length: {N},{N},{N}",),
    "repeated": (f"Content-Length: {N}", f"Content-Length: {N}"),
    "repeated with other digits": (f"Content-Length: {N}", f"Content-Length: 0{N}"),
    "leading zeros": (f"Content-Length: 00{N}",),
    "16 digits": (f"Content-Length: {N:016}",),
}
REFUSED = {
    "n, m": f"{N}, {N + 1}",
    "forty leading zeros": f"{'0' * 40}{N}",
    "plus": f"+{N}",
    "minus": f"-{N}",
    "fraction": f"{N}.0",
    "hexadecimal": hex(N),
    "underscore": f"{N // 1000}_000",
    "thousands": f"{N // 1000}'000",
    "unit": f"{N} bytes",
    "parameter": f"{N};q=1",
    "quotes": f'"{N}"',
    "fullwidth digits": "\uff13" + 5 * "\uff10",
    "word": "unknown",
    "more than 2 to the power of 64": "99999999999999999999999",
}

CASES = [
    *(case(f"lengths: {name}", reply(OK, *lines, body=SMALL, end=End.OPEN)) for name, lines in SAME.items()),
    *(
        case(f"lengths: {name}, cut", reply(OK, *lines, body=THIRD), expected="ORIGIN_TRUNCATED")
        for name, lines in SAME.items()
    ),
    *(
        case(f"lengths: {name}", reply(OK, f"Content-Length: {value}", body=SMALL), expected="ORIGIN_ERROR")
        for name, value in REFUSED.items()
    ),
    case(
        "lengths: two that differ",
        reply(OK, f"Content-Length: {N}", f"Content-Length: {N + 1}", body=SMALL),
        expected="ORIGIN_ERROR",
    ),
    case("lengths: empty", reply(OK, "Content-Length:", body=SMALL), expected="ORIGIN_ERROR"),
    case("lengths: right, and chunked", reply(OK, f"Content-Length: {N}", CHUNKED, body=CHUNKS)),
    case("lengths: too small, and chunked", reply(OK, "Content-Length: 5", CHUNKED, body=CHUNKS)),
    case("lengths: too large, and chunked", reply(OK, CHUNKED, f"Content-Length: {2 * N}", body=CHUNKS)),
    case(
        "lengths: plus, and chunked", reply(OK, CHUNKED, f"Content-Length: +{N}", body=CHUNKS), expected="ORIGIN_ERROR"
    ),
    case("lengths: less than is sent", reply(OK, f"Content-Length: {N}", body=SMALL + b"more")),
    case(
        "lengths: a byte more than is sent",
        reply(OK, f"Content-Length: {N + 1}", body=SMALL),
        expected="ORIGIN_TRUNCATED",
    ),
    case("lengths: 0", reply(OK, "Content-Length: 0", end=End.OPEN), file=b""),
    case("lengths: 1", reply(OK, "Content-Length: 1", body=b"a", end=End.OPEN), file=b"a"),
    case("lengths: none, and no byte", reply(OK), file=b""),
]
