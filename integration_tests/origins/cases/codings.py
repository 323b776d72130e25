"""Content-Encoding: gzip whole, cut and stacked, other codings, and labels that name no coding."""

from __future__ import annotations

import gzip
import zlib

from integration_tests.origins.case import SMALL, Case, End, Reply, Rule, case, reply
from integration_tests.origins.cases.headers import CHUNKED, OK

N = len(SMALL)
THIRD = N // 3
PACKED = gzip.compress(SMALL, mtime=0)
PIECES = [gzip.compress(SMALL[at : at + N // 5], mtime=0) for at in range(0, N, N // 5)]
MEMBERS = b"".join(PIECES)
THREE_MEMBERS = b"".join(PIECES[:3])
DEFLATED = zlib.compress(SMALL)
RAW_DEFLATED = DEFLATED[2:-4]
STACKED = gzip.compress(PACKED, mtime=0)
GZIP = "Content-Encoding: gzip"
ZSTD_OF_HELLO = b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello"  # one raw block
BROTLI_OF_HELLO = b"\x0b\x02\x80hello\x03"


def _packed(body: bytes, *lines: str, length: int | None = None, end: End = End.CLOSE) -> Reply:
    """Return an answer with the length of the body, unless another one is given."""
    return reply(OK, *lines, f"Content-Length: {len(body) if length is None else length}", body=body, end=end)


def _chunks(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


PLAIN_LABELS = [
    "", "identity", "Identity", "none", "utf-8", "UTF-8", "aws-chunked", "identity, aws-chunked", "binary", "8bit",
    "ascii", "us-ascii", "iso-8859-1", "text/csv", "null", "zip", "tar", "foo", "*",
]  # fmt: skip
GZIP_LABELS = [
    "GZIP", "x-gzip", "gzip, identity", "identity, gzip", ", gzip", "gzip,", "aws-chunked, gzip", "gzip,aws-chunked",
    "utf-8, gzip", " gzip ",
]  # fmt: skip
CODED_LABELS = ["br", "zstd", "compress", "gzip, br", "dcb", "exi"]

WRONG = "ORIGIN_ERROR"
CUT = "ORIGIN_TRUNCATED"


def _decoded(name: str, *replies: Reply | Rule, expected: str = "READY", file: bytes = SMALL) -> Case:
    return case(f"codings: {name}", *replies, expected=expected, file=file, decode=True)


CASES = [
    _decoded("gzip", _packed(PACKED, GZIP, end=End.OPEN)),
    _decoded("gzip, chunked", reply(OK, GZIP, CHUNKED, body=_chunks(PACKED), end=End.OPEN)),
    _decoded("gzip without a length", reply(OK, GZIP, body=PACKED)),
    _decoded("gzip of five members", _packed(MEMBERS, GZIP, end=End.OPEN)),
    _decoded("gzip of five members, chunked", reply(OK, GZIP, CHUNKED, body=_chunks(MEMBERS), end=End.OPEN)),
    _decoded(
        "gzip of five members, cut behind the third", _packed(THREE_MEMBERS, GZIP, length=len(MEMBERS)), expected=CUT
    ),
    _decoded(
        "gzip of five members, chunked, cut behind the third",
        reply(OK, GZIP, CHUNKED, body=_chunks(THREE_MEMBERS)[: -len(b"0\r\n\r\n")]),
        expected=CUT,
    ),
    _decoded(
        "gzip of five members, only the first answer is cut",
        Rule(_packed(THREE_MEMBERS, GZIP, length=len(MEMBERS)), times=1),
        _packed(MEMBERS, GZIP),
    ),
    _decoded("gzip, cut in a member", _packed(PACKED[:THIRD], GZIP, length=len(PACKED)), expected=CUT),
    _decoded("gzip without a length, cut in a member", reply(OK, GZIP, body=PACKED[:THIRD]), expected=CUT),
    _decoded("gzip without a length, cut in the checksum", reply(OK, GZIP, body=PACKED[:-3]), expected=CUT),
    _decoded(
        "gzip without a length, only the first answer is cut",
        Rule(reply(OK, GZIP, body=PACKED[:THIRD]), times=1),
        reply(OK, GZIP, body=PACKED),
    ),
    _decoded("gzip, cut before its first byte", _packed(b"", GZIP, length=len(PACKED)), expected=CUT),
    _decoded(
        "gzip, longer than announced", _packed(MEMBERS, GZIP, length=len(THREE_MEMBERS)), file=SMALL[: 3 * N // 5]
    ),
    _decoded("gzip and CRLF behind it", _packed(PACKED + b"\r\n", GZIP)),
    _decoded("gzip and LF behind it", _packed(PACKED + b"\n", GZIP)),
    _decoded("gzip and zeros behind it", _packed(PACKED + bytes(512), GZIP)),
    _decoded("gzip and text behind it", _packed(PACKED + b"<!-- served by cache 7 -->", GZIP), expected=WRONG),
    _decoded("gzip with a wrong checksum", _packed(PACKED[:-8] + bytes(4) + PACKED[-4:], GZIP), expected=WRONG),
    _decoded("gzip with a wrong size", _packed(PACKED[:-4] + bytes(4), GZIP), expected=WRONG),
    _decoded(
        "gzip with damaged bytes", _packed(PACKED[:THIRD] + b"damaged" + PACKED[THIRD + 7 :], GZIP), expected=WRONG
    ),
    _decoded("gzip of no byte", _packed(gzip.compress(b"", mtime=0), GZIP), file=b""),
    _decoded("gzip without a byte", _packed(b"", GZIP), file=b""),
    _decoded("gzip twice", _packed(STACKED, "Content-Encoding: gzip, gzip")),
    _decoded("gzip twice in two headers", _packed(STACKED, GZIP, GZIP)),
    _decoded("gzip within deflate", _packed(zlib.compress(PACKED), "Content-Encoding: gzip, deflate")),
    *(_decoded(f"gzip as {label!r}", _packed(PACKED, f"Content-Encoding: {label}")) for label in GZIP_LABELS),
    _decoded("deflate", _packed(DEFLATED, "Content-Encoding: deflate")),
    _decoded("deflate without zlib's header", _packed(RAW_DEFLATED, "Content-Encoding: deflate")),
    _decoded(
        "deflate, cut", _packed(DEFLATED[:THIRD], "Content-Encoding: deflate", length=len(DEFLATED)), expected=CUT
    ),
    _decoded(
        "deflate without a length, cut", reply(OK, "Content-Encoding: deflate", body=DEFLATED[:THIRD]), expected=CUT
    ),
    _decoded("zstd", _packed(ZSTD_OF_HELLO, "Content-Encoding: zstd"), expected=WRONG, file=b"hello"),
    _decoded("brotli", _packed(BROTLI_OF_HELLO, "Content-Encoding: br"), expected=WRONG, file=b"hello"),
    *(
        case(f"codings: the label {label!r}", _packed(SMALL, f"Content-Encoding: {label}", end=End.OPEN))
        for label in PLAIN_LABELS
    ),
    *(
        case(
            f"codings: the label {label!r} over the file", _packed(SMALL, f"Content-Encoding: {label}"), expected=WRONG
        )
        for label in CODED_LABELS
    ),
    case("codings: the label 'gzip' over the file", _packed(SMALL, GZIP), expected=WRONG),
    case("codings: the label 'deflate' over the file", _packed(SMALL, "Content-Encoding: deflate"), expected=WRONG),
    case("codings: a file .gz, labelled gzip", _packed(PACKED, GZIP), file=PACKED, path="file.csv.gz"),
    case(
        "codings: a file .tgz, labelled x-gzip",
        _packed(PACKED, "Content-Encoding: x-gzip"),
        file=PACKED,
        path="file.tgz",
    ),
    case("codings: a file .br, labelled br", _packed(SMALL, "Content-Encoding: br"), path="file.js.br"),
]
