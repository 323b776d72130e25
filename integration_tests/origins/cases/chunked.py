"""The chunked transfer coding, and other transfer codings."""

from __future__ import annotations

from integration_tests.origins.case import SMALL, Case, End, Rule, case, reply
from integration_tests.origins.cases.headers import CHUNKED, CHUNKS, LENGTH, OK

N = len(SMALL)
TINY = SMALL[:1000]
DATA = b"%x\r\n%b\r\n" % (N, SMALL)
LAST = b"0\r\n\r\n"

WHOLE = {
    "extensions": b"%x;a=b;c\r\n%b\r\n0;d\r\n\r\n" % (N, SMALL),
    "a quoted extension": b'%x;a="b;\\"c"\r\n%b\r\n0\r\n\r\n' % (N, SMALL),
    "blanks around extensions": b"%x ; a = b\r\n%b\r\n0\r\n\r\n" % (N, SMALL),
    "blanks behind the size": b"%x  \r\n%b\r\n0\r\n\r\n" % (N, SMALL),
    "a size in capitals": b"%X\r\n%b\r\n0\r\n\r\n" % (N, SMALL),
    "leading zeros": b"0000%x\r\n%b\r\n000\r\n\r\n" % (N, SMALL),
    "trailers": DATA + b"0\r\nX-Checksum: 1\r\nContent-Length: 5\r\n\r\n",
    "a trailer that is not ASCII": DATA + "0\r\nX-Größe: 1\r\n\r\n".encode(),
    "a trailer without colon": DATA + b"0\r\nX-A\r\n\r\n",
    "bytes behind the end": DATA + LAST + b"HTTP/1.1 400 Bad Request\r\n\r\n",
}
MALFORMED = {
    "a size with 0x": b"0x%x\r\n%b\r\n0\r\n\r\n" % (N, SMALL),
    "a size with a plus": b"+%x\r\n%b\r\n0\r\n\r\n" % (N, SMALL),
    "a size with a minus": b"-%x\r\n%b\r\n0\r\n\r\n" % (N, SMALL),
    "a blank before the size": b" %x\r\n%b\r\n0\r\n\r\n" % (N, SMALL),
    "no size": b"\r\n%b\r\n0\r\n\r\n" % SMALL,
    "lines end with LF": b"%x\n%b\n0\n\n" % (N, SMALL),
    "a chunk that is longer than its size": b"%x\r\n%b\r\n0\r\n\r\n" % (N - 1, SMALL),
    "no chunks": SMALL,
}
CUT = {
    "in a chunk": DATA[:100_000],
    "behind a chunk": b"%x\r\n%b\r\n" % (100_000, SMALL[:100_000]),
    "behind the last byte": DATA[:-2],
    "before the last chunk": DATA,
    "within the last line": DATA + b"0\r\n",
    "in the trailers": DATA + b"0\r\nX-Checksum: 1\r\n",
    "before the first chunk": b"",
}


def _cut(name: str, body: bytes) -> list[Case]:
    cut = reply(OK, CHUNKED, body=body)
    return [
        case(f"chunked: cut {name}", cut, expected="ORIGIN_TRUNCATED"),
        case(f"chunked: only the first answer is cut {name}", Rule(cut, times=1), reply(OK, CHUNKED, body=CHUNKS)),
    ]


CASES = [
    *(case(f"chunked: {name}", reply(OK, CHUNKED, body=body, end=End.OPEN)) for name, body in WHOLE.items()),
    *(
        case(f"chunked: {name}", reply(OK, CHUNKED, body=body), expected="ORIGIN_ERROR")
        for name, body in MALFORMED.items()
    ),
    *(item for name, body in CUT.items() for item in _cut(name, body)),
    case(
        "chunked: a byte a chunk",
        reply(OK, CHUNKED, body=b"".join(b"1\r\n%c\r\n" % byte for byte in TINY) + LAST, end=End.OPEN),
        file=TINY,
    ),
    case("chunked: no byte", reply(OK, CHUNKED, body=LAST, end=End.OPEN), file=b""),
    case("chunked: the name of the coding in capitals", reply(OK, "Transfer-Encoding: CHUNKED", body=CHUNKS)),
    case("chunked: identity and a length", reply(OK, "Transfer-Encoding: identity", LENGTH, body=SMALL, end=End.OPEN)),
    case("chunked: identity and no length", reply(OK, "Transfer-Encoding: identity", body=SMALL)),
    case("chunked: announced twice", reply(OK, CHUNKED, CHUNKED, body=CHUNKS), expected="ORIGIN_ERROR"),
    case("chunked: within gzip", reply(OK, "Transfer-Encoding: gzip, chunked", body=CHUNKS), expected="ORIGIN_ERROR"),
    case("chunked: gzip alone", reply(OK, "Transfer-Encoding: gzip", body=SMALL), expected="ORIGIN_ERROR"),
    case("chunked: another coding", reply(OK, "Transfer-Encoding: other", body=SMALL), expected="ORIGIN_ERROR"),
]
