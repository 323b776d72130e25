"""The end of TLS, with close_notify and without."""

from __future__ import annotations

from integration_tests.origins.case import SMALL, Case, End, OriginName, Reply, Rule, case, reply
from integration_tests.origins.cases.codings import GZIP, MEMBERS, PACKED, THREE_MEMBERS
from integration_tests.origins.cases.connections import SETTLE
from integration_tests.origins.cases.headers import CHUNKED, CHUNKS, LENGTH, OK, THIRD

CUT = "ORIGIN_TRUNCATED"


def _tls(name: str, *replies: Reply | Rule, expected: str = "READY", decode: bool = False) -> Case:
    return case(f"TLS: {name}", *replies, expected=expected, origin=OriginName.TLS, decode=decode)


CASES = [
    _tls("a length, then close_notify", reply(OK, LENGTH, body=SMALL)),
    _tls("a length, then no close_notify", reply(OK, LENGTH, body=SMALL, end=End.CUT)),
    _tls("a length, stays open", reply(OK, LENGTH, body=SMALL, end=End.OPEN)),
    _tls("a length, then a reset", reply(OK, LENGTH, body=(SMALL, SETTLE), end=End.RESET)),
    _tls("a length, cut with close_notify", reply(OK, LENGTH, body=THIRD), expected=CUT),
    _tls("a length, cut without close_notify", reply(OK, LENGTH, body=THIRD, end=End.CUT), expected=CUT),
    _tls("chunks, then no close_notify", reply(OK, CHUNKED, body=CHUNKS, end=End.CUT)),
    _tls("chunks, cut without close_notify", reply(OK, CHUNKED, body=CHUNKS[:100_000], end=End.CUT), expected=CUT),
    _tls("no length, then close_notify", reply(OK, body=SMALL)),
    _tls("no length, HTTP/1.0, then close_notify", reply("HTTP/1.0 200 OK", body=SMALL)),
    _tls("no length, cut without close_notify", reply(OK, body=THIRD, end=End.CUT), expected=CUT),
    _tls("no length, whole, without close_notify", reply(OK, body=SMALL, end=End.CUT), expected=CUT),
    _tls(
        "no length, HTTP/1.0, cut without close_notify",
        reply("HTTP/1.0 200 OK", body=THIRD, end=End.CUT),
        expected=CUT,
    ),
    _tls("no length, cut by a reset", reply(OK, body=(THIRD, SETTLE), end=End.RESET), expected=CUT),
    _tls(
        "no length, only the first answer ends without close_notify",
        Rule(reply(OK, body=THIRD, end=End.CUT), times=1),
        reply(OK, body=SMALL),
    ),
    _tls("no length, not a byte, without close_notify", reply(OK, end=End.CUT), expected=CUT),
    _tls("gzip without a length, then close_notify", reply(OK, GZIP, body=PACKED), decode=True),
    _tls(
        "gzip without a length, cut behind the third of five members without close_notify",
        reply(OK, GZIP, body=THREE_MEMBERS, end=End.CUT),
        expected=CUT,
        decode=True,
    ),
    _tls("gzip of five members without a length, then close_notify", reply(OK, GZIP, body=MEMBERS), decode=True),
    _tls("closed before the answer", Reply(b"", end=End.CUT), expected="ORIGIN_UNREACHABLE"),
    _tls(
        "cut among the headers",
        Reply(f"{OK}\r\n{LENGTH}\r\n".encode(), end=End.CUT),
        expected="ORIGIN_UNREACHABLE",
    ),
]
