"""Header sections that are unusual or malformed."""

from __future__ import annotations

from integration_tests.origins.case import SMALL, Case, End, Reply, case, reply

OK = "HTTP/1.1 200 OK"
LENGTH = f"Content-Length: {len(SMALL)}"
CHUNKED = "Transfer-Encoding: chunked"
THIRD = SMALL[: len(SMALL) // 3]
CHUNKS = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(THIRD), THIRD, len(SMALL) - len(THIRD), SMALL[len(THIRD) :])

LINES: dict[str, tuple[str | bytes, ...]] = {
    "a name that is not ASCII": ("X-Größe: 1",),
    "a name in Latin-1": ("X-Größe: 1".encode("latin-1"),),
    "a value that is not ASCII": ("X-A: größe",),
    "a value in Latin-1": ("X-A: größe".encode("latin-1"),),
    "a value in Chinese": ("X-A: 文件",),
    "a line without colon": ("X-A",),
    "a line of words without colon": ("this is no header",),
    "an empty name": (": 1",),
    "a blank in a name": ("X A: 1",),
    "a blank before the colon": ("X-A : 1",),
    "a tab before the colon": ("X-A\t: 1",),
    "a folded line": ("X-A: 1", " 2"),
    "a line folded with a tab": ("X-A: 1", "\t2"),
    "an empty folded line": ("X-A: 1", " "),
    "a control character in a value": ("X-A: a\x01b",),
    "a delete character in a value": ("X-A: a\x7fb",),
    "a vertical tab in a value": ("X-A: a\x0bb",),
    "a line separator in a value": ("X-A: a\u2028b",),
    "a next-line character in a value": ("X-A: a\x85b".encode("latin-1"),),
    "an escape in a name": ("X-\x1bA: 1",),
    "a separator in a name": ("X-(A): 1",),
    "a bare CR in a value": ("X-A: a\rb",),
    "a header without a value": ("X-A:",),
    "no blank behind the colon": ("X-A:1",),
    "150 headers": tuple(f"X-{number}: 1" for number in range(150)),
    "150 cookies": tuple(f"Set-Cookie: c{number}=1" for number in range(150)),
    "a header of 64 KB": (f"X-A: {'a' * 64_000}",),
    "a header of 90 KB": (f"X-A: {'a' * 90_000}",),
    "ten headers of 8 KB": tuple(f"X-{number}: {'a' * 8_000}" for number in range(10)),
}


def _three(name: str, lines: tuple[str | bytes, ...]) -> list[Case]:
    """Return a whole file whose connection stays open, a cut one and a chunked one, each behind these lines."""
    return [
        case(f"headers: {name}, open", reply(OK, *lines, LENGTH, body=SMALL, end=End.OPEN)),
        case(f"headers: {name}, cut", reply(OK, *lines, LENGTH, body=THIRD), expected="ORIGIN_TRUNCATED"),
        case(f"headers: {name}, chunked", reply(OK, *lines, CHUNKED, body=CHUNKS)),
    ]


def _raw(head: str) -> Reply:
    return Reply(head.encode(), (SMALL,), End.OPEN)


CASES = [
    *(item for name, lines in LINES.items() for item in _three(name, lines)),
    case("headers: the length is folded", reply(OK, "Content-Length:", f" {len(SMALL)}", body=SMALL, end=End.OPEN)),
    case("headers: a blank before the colon of the length", reply(OK, f"Content-Length : {len(SMALL)}", body=SMALL)),
    case(
        "headers: a blank before the colon of the length, cut",
        reply(OK, f"Content-Length : {len(SMALL)}", body=THIRD),
        expected="ORIGIN_TRUNCATED",
    ),
    case("headers: a blank before the colon of the coding", reply(OK, "Transfer-Encoding : chunked", body=CHUNKS)),
    case("headers: the coding is folded", reply(OK, "Transfer-Encoding:", " chunked", body=CHUNKS)),
    case("headers: names in lower case", reply(OK, f"content-length:{len(SMALL)}", body=SMALL, end=End.OPEN)),
    case(
        "headers: blanks and tabs around the length",
        reply(OK, f"Content-Length: \t{len(SMALL)} \t", body=SMALL, end=End.OPEN),
    ),
    case("headers: lines end with LF", _raw(f"{OK}\n{LENGTH}\n\n")),
    case("headers: some lines end with LF", _raw(f"{OK}\r\nX-A: 1\n{LENGTH}\r\n\n")),
    case("headers: the empty line ends with LF", _raw(f"{OK}\r\n{LENGTH}\r\n\n")),
    case("headers: no reason phrase", _raw(f"HTTP/1.1 200\r\n{LENGTH}\r\n\r\n")),
    case("headers: an empty reason phrase", _raw(f"HTTP/1.1 200 \r\n{LENGTH}\r\n\r\n")),
    case("headers: a reason phrase that is not ASCII", _raw(f"HTTP/1.1 200 Schön\r\n{LENGTH}\r\n\r\n")),
    case("headers: a later version 1.x", _raw(f"HTTP/1.9 200 OK\r\n{LENGTH}\r\n\r\n")),
    case("headers: a folded line behind the status", _raw(f"{OK}\r\n X-A: 1\r\n{LENGTH}\r\n\r\n")),
    case("headers: 100 before the answer", _raw(f"HTTP/1.1 100 Continue\r\n\r\n{OK}\r\n{LENGTH}\r\n\r\n")),
    case("headers: 103 with a length", _raw(f"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{OK}\r\n{LENGTH}\r\n\r\n")),
    case(
        "headers: one byte at a time",
        Reply(
            b"",
            (*(piece for byte in f"{OK}\r\n{LENGTH}\r\n\r\n".encode() for piece in (bytes([byte]), 0.01)), SMALL),
        ),
    ),
    case("headers: no headers at all", Reply(f"{OK}\r\n\r\n".encode(), (SMALL,))),
    case("headers: no HTTP", Reply(b"220 files.example.com FTP ready\r\n"), expected="ORIGIN_ERROR"),
    case("headers: a page without a status line", Reply(b"<!doctype html><p>Hello</p>"), expected="ORIGIN_ERROR"),
    case("headers: cut among the headers", Reply(f"{OK}\r\n{LENGTH}\r\n".encode()), expected="ORIGIN_UNREACHABLE"),
    case("headers: cut within a header", Reply(f"{OK}\r\nContent-Len".encode()), expected="ORIGIN_UNREACHABLE"),
]
