"""Redirects: statuses, spellings of Location, cookies, chains, other hosts."""

from __future__ import annotations

from integration_tests.origins.case import SMALL, Case, End, OriginName, Reply, Rule, case, reply
from integration_tests.origins.cases.headers import LENGTH, OK

WHOLE = reply(OK, LENGTH, body=SMALL, end=End.OPEN)
REFUSED = "ORIGIN_ADDRESS_REFUSED"
COOKIE = {"cookie": "(.*; )?ticket=1(;.*)?"}


def _to(location: str | bytes, *headers: str, status: int = 302) -> Reply:
    text = location.encode() if isinstance(location, str) else location
    return reply(
        f"HTTP/1.1 {status} Moved", b"Location: " + text, *headers, "Content-Length: 4", body=b"gone", end=End.OPEN
    )


def _target(name: str, location: str | bytes, path: str = "target", *, status: int = 302) -> Case:
    """Return a redirect to a path behind the URL of the case."""
    return case(f"redirects: {name}", _to(location, status=status), Rule(WHOLE, path=path))


def _refused(name: str, location: str, expected: str = REFUSED, **fields: object) -> Case:
    return case(f"redirects: {name}", _to(location), Rule(WHOLE, path="target"), expected=expected, **fields)


def _chain(length: int, expected: str = "READY") -> Case:
    steps = [Rule(_to(f"step{number + 1}"), path=f"step{number}") for number in range(1, length)]
    return case(
        f"redirects: a chain of {length}", _to("step1"), *steps, Rule(WHOLE, path=f"step{length}"), expected=expected
    )


def _cookie(name: str, *cookies: str) -> Case:
    return case(
        f"redirects: the target wants the cookie{name}",
        _to("target", *(f"Set-Cookie: {cookie}" for cookie in cookies)),
        Rule(WHOLE, headers=COOKIE, path="target"),
    )


CASES = [
    *(_target(f"{status}, relative", "target", status=status) for status in (301, 302, 303, 307, 308)),
    *(
        _target(f"{status}, absolute", "http://{host}{path}/target", status=status)
        for status in (301, 302, 303, 307, 308)
    ),
    _target("300 with Location", "target", status=300),
    *(
        case(f"redirects: {status} with Location", _to("target", status=status), expected="ORIGIN_ERROR")
        for status in (304, 305, 306)
    ),
    _target("without a scheme", "//{host}{path}/target"),
    _target("up a folder", "../{folder}/target"),
    _target("in this folder", "./target"),
    _target("with a query", "target?a=b&c=d/e?f", "target?a=b&c=d/e?f"),
    _target("a query alone", "?a=b", "file.bin?a=b"),
    _target("with a fragment", "target#page=2"),
    _target("with a blank", "a target", "a%20target"),
    _target("with blanks at both ends", "  target  "),
    _target("in UTF-8", "größe", "gr%C3%B6%C3%9Fe"),
    _target("in Latin-1", "größe".encode("latin-1"), "gr%F6%DFe"),
    _target("percent-encoded", "gr%C3%B6%c3%9fe", "gr%C3%B6%c3%9fe"),
    _target("with brackets", "a[1].csv", "a[1].csv"),
    _target("with an encoded slash", "a%2Fb", "a%2Fb"),
    _target("with a colon", "./a:b", "a:b"),
    _target("with plus and signature", "target?X-Signature=a+b/c%2Bd%3D%3D", "target?X-Signature=a+b/c%2Bd%3D%3D"),
    _target("with the scheme in capitals", "HTTP://{host}{path}/target"),
    case(
        "redirects: without Location",
        reply("HTTP/1.1 302 Moved", "Content-Length: 4", body=b"gone"),
        expected="ORIGIN_ERROR",
    ),
    case("redirects: with an empty Location", _to(""), expected="ORIGIN_ERROR"),
    case("redirects: for ever", _to("file.bin"), expected="ORIGIN_ERROR"),
    case("redirects: in a circle", _to("other"), Rule(_to("file.bin"), path="other"), expected="ORIGIN_ERROR"),
    _chain(2),
    _chain(5),
    _chain(6, "ORIGIN_ERROR"),
    _cookie("", "ticket=1"),
    _cookie(" of a path", "ticket=1; Path=/"),
    _cookie(" with attributes", "ticket=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60"),
    _cookie(", the second of two", "other=2", "ticket=1"),
    _cookie(", set twice", "ticket=0", "ticket=1"),
    case(
        "redirects: to itself with a cookie",
        Rule(WHOLE, headers=COOKIE),
        _to("file.bin", "Set-Cookie: ticket=1"),
    ),
    case(
        "redirects: the cookie of the first of two",
        _to("middle", "Set-Cookie: ticket=1"),
        Rule(_to("target"), path="middle"),
        Rule(WHOLE, headers=COOKIE, path="target"),
    ),
    _refused("to localhost", "http://localhost:{port}{path}/target"),
    _refused("to another host", "http://files.invalid/target"),
    _refused("to a private address", "http://10.0.0.1/target"),
    _refused("to a link-local address", "http://169.254.169.254/target"),
    _refused("to a file", "file:///etc/hostname"),
    _refused("to ftp", "ftp://127.0.0.1/target"),
    _refused("to a data URL", "data:text/plain,hello"),
    _refused("with a user", "http://user:secret@{host}{path}/target"),
    _refused("from https to http", "http://{host}{path}/target", origin=OriginName.TLS),
]
