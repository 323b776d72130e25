"""Heads of responses: noise hides nothing, and a doubt about the framing of the body is an error."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.adapters.response_head import MAX_HEADS, ResponseHead, read_head
from runtime.errors import OriginError, OriginUnreachableError, TransferError

pytestmark = pytest.mark.security

OK = b"HTTP/1.1 200 OK\r\n"


def read(raw: bytes, step: int = 1 << 20) -> tuple[ResponseHead, bytes]:
    """Read a head that arrives in pieces of `step` bytes, before the connection ends."""
    pieces: Iterator[bytes] = (raw[at : at + step] for at in range(0, len(raw), step))
    return read_head(lambda _size: next(pieces, b""))


def head_of(fields: bytes, status_line: bytes = OK) -> ResponseHead:
    """Return the head with these lines of fields."""
    head, rest = read(status_line + fields + b"\r\nbody")
    assert rest == b"body"
    return head


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_bytes_behind_the_head_are_returned(step: int) -> None:
    raw = OK + b"X-A: 1\r\nContent-Length: 5\r\n\r\n"
    head, rest = read(raw + b"01234", step)
    assert (head.status, head.length, head.headers) == (200, 5, {"x-a": "1", "content-length": "5"})
    assert b"01234".startswith(rest)


@pytest.mark.parametrize("cut", range(len(OK) + 9))
def test_connection_that_ends_in_the_head_is_unreachable(cut: int) -> None:
    with pytest.raises(OriginUnreachableError):
        read((OK + b"ETag: x\r\n\r\n")[:cut])


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 200 OK", 200),
        (b"HTTP/1.1 200 ", 200),
        (b"HTTP/1.1 200", 200),
        (b"HTTP/1.1  200  OK", 200),
        (b"HTTP/1.1\t200\tOK", 200),
        (b"HTTP/1.0 206 Partial Content", 206),
        (b"HTTP/1.2 404 Not Found", 404),
        (b"HTTP/1.1 200 Gr\xc3\xb6\xc3\x9fe \x01", 200),
        (b"HTTP/1.1 999 Denied", 999),
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_status_line_is_read(line: bytes, status: int, end: bytes) -> None:
    head = head_of(b"Content-Length: 4" + end, line + end)
    assert (head.status, head.length) == (status, 4)


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1",
        b"HTTP/1.1 ",
        b"HTTP/1.1 20",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 200OK",
        b"HTTP/1.1 099 Low",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 abc",
        b"HTTP/1. 200 OK",
        b"HTTP/1.11 200 OK",
        b"HTTP/1 200 OK",
        b"HTTP/2 200",
        b"HTTP/2.0 200 OK",
        b"HTTP/0.9 200 OK",
        b"http/1.1 200 OK",
        b" HTTP/1.1 200 OK",
        b"\r\nHTTP/1.1 200 OK",
        b"\xef\xbb\xbfHTTP/1.1 200 OK",
        b"ICY 200 OK",
        b"SSH-2.0-OpenSSH",
        b"<html>",
        b"HTTP/1.1 200 OK\rContent-Length: 5",
        b"HTTP/1.1 101 Switching Protocols",
    ],
)
def test_other_status_line_is_an_error(line: bytes) -> None:
    with pytest.raises(OriginError):
        head_of(b"Content-Length: 4\r\n", line + b"\r\n")


@pytest.mark.parametrize(
    "received",
    [b"\x00\x00\x06\x04\x00\x00\x00\x00\x00", b"\x15\x03\x01\x00\x02\x02", b"P", b"HTTP/2", b"HTTP/1/", b"\r\n"],
    ids=["HTTP/2 settings", "TLS alert", "other", "HTTP/2", "no version", "empty line"],
)
def test_other_protocol_is_an_error_at_its_first_bytes(received: bytes) -> None:
    """Such a server may wait for the client in silence."""
    pieces = iter([received])
    with pytest.raises(OriginError):
        read_head(lambda _size: next(pieces))


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints", b"199 X"])
def test_informational_heads_are_skipped(status: bytes) -> None:
    informational = b"HTTP/1.1 " + status + b"\r\nContent-Length: 99\r\nTransfer-Encoding: x\r\n\r\n"
    head = head_of(b"Content-Length: 4\r\n", informational * 3 + OK)
    assert (head.status, head.headers) == (200, {"content-length": "4"})


NOISE = [
    b"X-Gr\xc3\xb6\xc3\x9fe: 1",
    b"X-Gr\xf6\xdfe: 1",
    b"no colon",
    b"",
    b": no name",
    b"bad name: 1",
    b"bad(name): 1",
    b"X-A\x00: 1",
    b"X-A: \x00\x01\x7f",
    b"X-A: \xff",
    b"X-A: a\rb",
    b"X-A\r: b",
    b"X-A:",
    b"X-A:\r\n folded\r\n\tagain",
    b"X-A: 1\r\n ",
    b"X-A: 1\r\n\r ",
    b"no colon\r\n folded",
    b"\x0b",
    b"HTTP/1.1 404 Not Found",
    b"From me@example.com Thu Nov 26",
    b"-" * 70_000,
    b"\n".join(b"X-%d: y" % number for number in range(2000)),
]


@pytest.mark.parametrize("noise", [line for line in NOISE if line], ids=lambda line: repr(line[:20]))
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_noise_hides_no_field(noise: bytes, end: bytes) -> None:
    """Lines before, between and behind the framing fields."""
    fields = [noise, b"ETag: a", noise, b"Content-Length: 4", noise]
    head = head_of(b"".join(line + end for line in fields))
    assert (head.length, head.headers["etag"][:1], head.headers["content-length"]) == (4, "a", "4")


@pytest.mark.parametrize("blank", [b" ", b"\t", b"\r"])
def test_line_behind_the_status_line_that_begins_with_a_blank_is_passed_over(blank: bytes) -> None:
    head = head_of(blank + b"X-A: 1\r\n more: 2\r\nX-B: 2\r\n")
    assert head.headers == {"x-b": "2"}


def test_values_are_read_as_they_were_sent() -> None:
    head = head_of(b"Location : /\xc3\xbc \t\r\nX-A:\r\n  one\r\n\t two\r\nX-B: a\rb\r\nX-A: 2\r\nX-C: \x01\r\n")
    assert head.headers == {"location": "/\xc3\xbc", "x-a": "one \t two", "x-b": "a b"}


def test_lists_are_joined() -> None:
    head = head_of(b"Content-Encoding: gzip\r\nETag: 1\r\nContent-Encoding:\r\nETag: 2\r\ncontent-encoding: br\r\n")
    assert head.headers == {"content-encoding": "gzip, , br", "etag": "1"}


def test_cookies_are_joined_by_line_feeds() -> None:
    head = head_of(b"Set-Cookie: a=1, b\r\nX-A: 1\r\nSet-Cookie: c=2\r\n")
    assert head.headers == {"set-cookie": "a=1, b\nc=2", "x-a": "1"}


DOUBTFUL = [
    b"Content-Length 4",
    b"\xc3\xa4 Content-Length: 4",
    b"X Content-Length: 4",
    b"(Content-Length): 4",
    b"Content-Length\x00: 4",
    b"no colon, content-LENGTH",
    b"no colon\r\n Content-Length: 4",
    b"X-A: \x00 Content-Length: 4",
    b"X-A: 1\rContent-Length: 4",
    b"X-A: 1\r\n\rContent-Length: 4",
    b"Content-Length: \x004",
    b"Content-Length: 4\x00",
    b"Content-Length: 4\x0b",
    b"Content-Length: 4\r ",
    b"Transfer-Encoding\x01: chunked",
    b"Transfer-Encoding: chunked\x01",
    b"Transfer-Encoding: \x0bchunked",
    b"Content-Encoding gzip",
    b"Content-Encoding: gzip\x00",
    b"Content-Range: bytes 0-3/4\x00",
    b"/Content-Range: bytes 0-3/4",
    b"Content-Range: bytes 0-3/4\r\nContent-Range: bytes 0-3/5",
]


@pytest.mark.parametrize("lines", DOUBTFUL)
@pytest.mark.parametrize("other_lines", [b"", b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_doubtful_framing_is_an_error(lines: bytes, other_lines: bytes) -> None:
    for fields in (lines + b"\r\n" + other_lines, other_lines + lines + b"\r\n"):
        with pytest.raises(OriginError):
            head_of(fields)


@pytest.mark.parametrize("field", [b"Content-Length: 4", b"Transfer-Encoding: chunked", b"X-A: content-range"])
def test_blank_before_the_first_field_is_an_error_if_it_is_about_framing(field: bytes) -> None:
    with pytest.raises(OriginError):
        head_of(b" " + field + b"\r\n")


@pytest.mark.parametrize(
    "value",
    [
        b"4",
        b" \t4 \t",
        b"004",
        b"4, 4",
        b"4,4 ,\t04",
        b"4\r\ncontent-length: 4",
        b"4\r\nContent-Length : 4, 4",
        b"\r\n 4",
        b"4\r\n ",
    ],
)
def test_length_may_be_repeated(value: bytes) -> None:
    head = head_of(b"Content-Length:" + value + b"\r\n")
    assert (head.length, head.headers["content-length"]) == (4, "4")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"+4",
        b"-4",
        b"4.0",
        b"4 4",
        b"4\r\n 4",
        b"0x4",
        b"4_0",
        b"4;a=b",
        b'"4"',
        b"4,",
        b",4",
        b"4, 5",
        b"4, +4",
        b"\xb2",
        b"\xd9\xa3",
        b"4\xa0",
        b"4\r\nContent-Length: 5",
        b"5\r\nContent-Length: 4",
        b"4\r\nContent-Length:",
        b"9" * 17,
    ],
)
@pytest.mark.parametrize("other_lines", [b"", b"Transfer-Encoding: chunked\r\n"])
def test_other_length_is_an_error(value: bytes, other_lines: bytes) -> None:
    with pytest.raises(OriginError, match=r"Content-Length|contradict"):
        head_of(b"Content-Length: " + value + b"\r\n" + other_lines)


@pytest.mark.parametrize(
    "value",
    [b"chunked", b"Chunked", b"\t chunked ", b"chunked,", b", chunked", b"identity, chunked", b"\r\n chunked"],
)
def test_chunks_are_recognized(value: bytes) -> None:
    head = head_of(b"Transfer-Encoding: " + value + b"\r\n")
    assert (head.has_chunks, head.length) == (True, None)


@pytest.mark.parametrize("value", [b"identity", b"Identity", b"identity, identity"])
def test_identity_is_no_transfer_coding(value: bytes) -> None:
    head = head_of(b"Transfer-Encoding: " + value + b"\r\nContent-Length: 4\r\n")
    assert (head.has_chunks, head.length) == (False, 4)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b",",
        b"gzip, chunked",
        b"gzip\r\nTransfer-Encoding: chunked",
        b"chunked\r\nTransfer-Encoding: gzip",
        b"chunked, chunked",
        b"chunked\r\nTransfer-Encoding: chunked",
        b"chunked, identity, chunked",
        b"deflate",
        b"chunked;q=1",
        b"xchunked",
        b"chunked chunked",
        b'"chunked"',
        b"chunked\xa0",
        b"x",
    ],
)
def test_other_transfer_coding_is_an_error(value: bytes) -> None:
    """Its framing would become a part of the file."""
    with pytest.raises(OriginError, match="Transfer-Encoding"):
        head_of(b"Transfer-Encoding: " + value + b"\r\nContent-Length: 4\r\n")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_response_without_body_ends_with_its_head(status: bytes) -> None:
    head = head_of(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"HTTP/1.1 " + status + b"\r\n")
    assert (head.length, head.has_chunks) == (0, False)


@pytest.mark.parametrize(
    ("version", "fields", "is_reusable"),
    [
        (b"1", b"Content-Length: 4", True),
        (b"1", b"Content-Length: 4\r\nConnection: X, Close", False),
        (b"1", b"Content-Length: 4\r\nConnection: keep-alive\r\nConnection: close", False),
        (b"0", b"Content-Length: 4", False),
        (b"0", b"Content-Length: 4\r\nConnection: Keep-Alive", True),
        (b"1", b"Transfer-Encoding: chunked", True),
        (b"1", b"Transfer-Encoding: chunked\r\nContent-Length: 4", False),
        (b"0", b"Transfer-Encoding: chunked\r\nConnection: keep-alive", False),
    ],
)
def test_connection_is_reusable_if_framing_and_version_are_clear(
    version: bytes, fields: bytes, is_reusable: bool
) -> None:
    assert head_of(fields + b"\r\n", b"HTTP/1." + version + b" 200 OK\r\n").is_reusable is is_reusable


def test_head_within_the_limit_is_read() -> None:
    line = b"X-A: y\r\n"
    number = (MAX_HEADS - len(OK) - 21) // len(line)
    assert number > 30_000
    assert head_of(line * number + b"Content-Length: 4\r\n").length == 4


@pytest.mark.parametrize(
    ("begin", "repeated"),
    [
        (OK, b"X-A: y\r\n"),
        (OK + b"X-A: ", b"x" * 100),
        (OK + b"X-A: y\r\n", b" folded\r\n"),
        (b"HTTP/1.1 200 ", b"x" * 100),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    ],
    ids=["fields", "field", "folds", "status line", "informational heads"],
)
def test_endless_head_fails_at_its_limit(begin: bytes, repeated: bytes) -> None:
    received = [0]

    def receive(_size: int) -> bytes:
        piece = repeated if received[0] else begin + repeated
        received[0] += len(piece)
        return piece

    with pytest.raises(OriginError, match="more than 300 KB"):
        read_head(receive)
    assert received[0] <= MAX_HEADS + 1000


@pytest.mark.parametrize("line", [b"a:\n", b" b\r\n", b"\r\r\r\n", b"x" * 80 + b"\n"])
def test_any_head_within_the_limit_is_read_in_little_time(line: bytes) -> None:
    raw = OK + b"X: y\r\n" + line * ((MAX_HEADS - 100) // len(line)) + b"\n\r\n"
    started = time.process_time()
    read(raw, 64 * 1024)
    assert time.process_time() - started < 2


LINES = st.lists(st.sampled_from([*NOISE[:-2], *DOUBTFUL, b"Content-Length: 4", b"Transfer-Encoding: chunked"]))


@given(lines=LINES, ends=st.lists(st.sampled_from([b"\r\n", b"\n", b"\r"]), min_size=1), step=st.integers(1, 50))
def test_any_lines_yield_a_head_or_a_typed_error(lines: list[bytes], ends: list[bytes], step: int) -> None:
    raw = OK + b"".join(line + ends[number % len(ends)] for number, line in enumerate(lines)) + b"\r\n\r\n"
    try:
        head, _ = read(raw, step)
    except TransferError:
        return
    text = raw.lower()
    assert head.length is None or b"content-length" in text
    assert not head.has_chunks or b"chunked" in text


@given(raw=st.binary(max_size=200), step=st.integers(1, 50))
def test_arbitrary_bytes_yield_a_head_or_a_typed_error(raw: bytes, step: int) -> None:
    for received in (raw, OK + raw):
        try:
            read(received, step)
        except TransferError:
            continue
