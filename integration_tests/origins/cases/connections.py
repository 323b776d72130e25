"""The end of the connection, HTTP/1.0, and pauses."""

from __future__ import annotations

from integration_tests.origins.case import LARGE, SMALL, End, Reply, Rule, case, reply
from integration_tests.origins.cases.headers import CHUNKED, CHUNKS, LENGTH, OK, THIRD

OLD = "HTTP/1.0 200 OK"
REST = SMALL[len(THIRD) :]
BUSY = reply("HTTP/1.1 503 Busy", "Content-Length: 0")
WHOLE = reply(OK, LENGTH, body=SMALL)
SETTLE = 0.5  # seconds until a client has read what is on its way, since a reset discards it
RESET = Reply(b"", end=End.RESET)

CASES = [
    case("connections: stays open behind a length", reply(OK, LENGTH, body=SMALL, end=End.OPEN)),
    case("connections: stays open behind the last chunk", reply(OK, CHUNKED, body=CHUNKS, end=End.OPEN)),
    case(
        "connections: keep-alive with a time-out",
        reply(OK, LENGTH, "Connection: keep-alive", "Keep-Alive: timeout=100", body=SMALL, end=End.OPEN),
    ),
    case("connections: says close and stays open", reply(OK, LENGTH, "Connection: close", body=SMALL, end=End.OPEN)),
    case("connections: says keep-alive and closes", reply(OK, LENGTH, "Connection: keep-alive", body=SMALL)),
    case("connections: no length", reply(OK, body=SMALL)),
    case("connections: no length, keep-alive", reply(OK, "Connection: keep-alive", body=SMALL)),
    case("connections: pauses in the body", reply(OK, LENGTH, body=(THIRD, 1.0, REST[:-1], 1.0, REST[-1:]))),
    case("connections: pauses before the body", reply(OK, LENGTH, body=(1.0, SMALL))),
    case("connections: pauses before the answer", Reply(b"", (2.0, WHOLE.head, SMALL))),
    case("connections: cut", reply(OK, LENGTH, body=THIRD), expected="ORIGIN_TRUNCATED"),
    case("connections: cut before the body", reply(OK, LENGTH), expected="ORIGIN_TRUNCATED"),
    case("connections: cut one byte before the end", reply(OK, LENGTH, body=SMALL[:-1]), expected="ORIGIN_TRUNCATED"),
    case("connections: only the first answer is cut", Rule(reply(OK, LENGTH, body=THIRD), times=1), WHOLE),
    case("connections: two answers are cut", Rule(reply(OK, LENGTH, body=THIRD), times=2), WHOLE),
    case(
        "connections: reset in the body",
        reply(OK, LENGTH, body=(THIRD, SETTLE), end=End.RESET),
        expected="ORIGIN_TRUNCATED",
    ),
    case(
        "connections: reset in a body without length",
        reply(OK, body=(THIRD, SETTLE), end=End.RESET),
        expected="ORIGIN_TRUNCATED",
    ),
    case(
        "connections: reset behind a body without length",
        reply(OK, body=(SMALL, SETTLE), end=End.RESET),
        expected="ORIGIN_TRUNCATED",
    ),
    case("connections: reset behind a body with length", reply(OK, LENGTH, body=(SMALL, SETTLE), end=End.RESET)),
    case("connections: reset behind the last chunk", reply(OK, CHUNKED, body=(CHUNKS, SETTLE), end=End.RESET)),
    case(
        "connections: only the first answer is reset",
        Rule(reply(OK, LENGTH, body=(THIRD, SETTLE), end=End.RESET), times=1),
        WHOLE,
    ),
    case("connections: reset before the answer", RESET, expected="ORIGIN_UNREACHABLE"),
    case("connections: reset before the first answer only", Rule(RESET, times=1), WHOLE),
    case("connections: closed before the answer", Reply(b""), expected="ORIGIN_UNREACHABLE"),
    case("connections: closed before the first answer only", Rule(Reply(b""), times=1), WHOLE),
    case("connections: HTTP/1.0, no length", reply(OLD, body=SMALL)),
    case("connections: HTTP/1.0 with a length", reply(OLD, LENGTH, body=SMALL)),
    case("connections: HTTP/1.0, stays open behind a length", reply(OLD, LENGTH, body=SMALL, end=End.OPEN)),
    case(
        "connections: HTTP/1.0, keep-alive",
        reply(OLD, LENGTH, "Connection: keep-alive", body=SMALL, end=End.OPEN),
    ),
    case("connections: HTTP/1.0, cut", reply(OLD, LENGTH, body=THIRD), expected="ORIGIN_TRUNCATED"),
    case("connections: HTTP/1.0, chunked", reply(OLD, CHUNKED, body=CHUNKS)),
    case("connections: HTTP/1.0, large, no length", reply(OLD, body=LARGE), file=LARGE),
    case(
        "connections: large, chunked by one chunk",
        reply(OK, CHUNKED, body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(LARGE), LARGE)),
        file=LARGE,
    ),
]
