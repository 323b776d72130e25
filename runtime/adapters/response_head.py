"""Reads the head of a response: its status line and its fields (RFC 9112, 2 to 6).

The status line is `HTTP/1.x NNN`, then a reason or nothing; several blanks may stand between them. Anything else is an
error, as soon as its first bytes show it: HTTP/0.9, ICY, HTTP/2. Heads of 1xx are skipped; 101 is an error.

- CRLF or LF ends a line, and an empty line ends the head. A CR anywhere else counts as a blank.
- A line that begins with a blank continues the line before it. Directly behind the status line it is passed over.
- Blanks before the colon belong to neither name nor value.
- A line without a colon, a name that is no token, and a value with control characters are passed over; the lines that
  follow them count.
- All heads of a response have at most 300 KB. The number of fields has no limit of its own.

The framing of the body is never guessed. These are errors:

- a line that would be passed over, or has a CR in it, and has the name of a framing field anywhere: Content-Length,
  Content-Encoding, Content-Range or Transfer-Encoding
- a Content-Length other than one number, in digits only. The same number may be repeated (RFC 9110, 8.6)
- a Transfer-Encoding other than `chunked`, once. `chunked, chunked` may mean that the body was encoded twice, or that a
  proxy has repeated the field. `identity` says nothing and is passed over
- several values of Content-Range

Chunks count more than a Content-Length beside them, and are read also from HTTP/1.0 (RFC 9112, 6.1 and 6.3).
Such a connection is not used again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runtime.errors import OriginError, OriginUnreachableError

MAX_HEADS = 300 * 1024
_RECEIVE = 64 * 1024
_BEGIN = b"HTTP/1."
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9])[ \t]+([1-9][0-9]{2})(?:[ \t].*)?", re.DOTALL)
_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t]|\r[^\n])")  # a line that begins with a blank, or with a CR that counts as one
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING_FIELDS = re.compile(rb"content-(?:length|encoding|range)|transfer-encoding", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,16}")
_SEPARATORS = {  # of the values of repeated fields that are all needed; of other fields the first value counts
    "connection": ", ",
    "content-encoding": ", ",
    "content-length": ", ",
    "transfer-encoding": ", ",
    "set-cookie": "\n",
}
LOST = "The connection to the origin was lost before it answered."
_BLANKS = " \t"
_NO_HTTP = "The origin's answer is not HTTP that can be understood."
_DOUBTFUL = "The origin's answer has a malformed header about the length or coding of its body."


@dataclass(frozen=True)
class ResponseHead:
    """The head of a final response.

    `headers` has lower-case names and the first of repeated values; lists and cookies are joined. `length` is the
    number of bytes of the body, or None if it has chunks or ends with the connection. `is_reusable` says whether the
    connection may carry another request after a body that was read to its end.
    """

    status: int
    headers: Mapping[str, str]
    length: int | None
    has_chunks: bool
    is_reusable: bool


def read_head(receive: Callable[[int], bytes]) -> tuple[ResponseHead, bytes]:
    """Return the head of the final response, and the bytes that were received behind it.

    `receive(n)` returns 1 to n bytes, as soon as there are any, and b"" when the origin has closed the connection.

    Raises:
        OriginUnreachableError: the connection was closed before the end of the head.
        OriginError: it is not HTTP/1, is too long, or leaves the length or coding of the body in doubt.
    """
    buffer = bytearray()
    left = MAX_HEADS
    while True:
        size = _receive_head(receive, buffer, left)
        left -= size
        status_line, _, lines = bytes(buffer[:size]).partition(b"\n")
        del buffer[:size]
        version, status = _parse_status_line(status_line.removesuffix(b"\r"))
        if status == 101:
            raise OriginError("The origin changed to another protocol, which it was not asked for.")
        if status >= 200:
            return _build_head(version, status, _parse_fields(lines)), bytes(buffer)


def _receive_head(receive: Callable[[int], bytes], buffer: bytearray, limit: int) -> int:
    """Receive until the buffer holds a head, and return its size with the empty line."""
    searched = 0
    while (match := _END.search(buffer, searched, limit)) is None:
        searched = max(0, len(buffer) - 2)
        if len(buffer) >= limit:
            raise OriginError(f"The headers of the origin's answer have more than {MAX_HEADS // 1024} KB.")
        received = receive(_RECEIVE)
        if not received:
            raise OriginUnreachableError(LOST)
        buffer += received
        if not buffer.startswith(_BEGIN[: len(buffer)]):
            raise OriginError(_NO_HTTP)
    return match.end()


def _parse_status_line(line: bytes) -> tuple[int, int]:
    """Return the minor version and the status."""
    match = _STATUS_LINE.fullmatch(line)
    if match is None or _is_doubtful(line):
        raise OriginError(_NO_HTTP)
    return int(match[1]), int(match[2])


def _is_doubtful(line: bytes) -> bool:
    """Return whether a line has both a control character and the name of a framing field in it."""
    return _CONTROLS.search(line) is not None and _FRAMING_FIELDS.search(line) is not None


def _parse_fields(lines: bytes) -> dict[str, list[str]]:
    """Return the values by lower-case name."""
    fields: dict[str, list[str]] = {}
    for line in _FOLD.sub(b" ", lines).split(b"\n"):
        line = line.removesuffix(b"\r")
        name, colon, value = line.partition(b":")
        name, value = name.rstrip(b" \t"), value.replace(b"\r", b" ").strip(b" \t")
        is_malformed = not colon or _TOKEN.fullmatch(name) is None or _CONTROLS.search(value) is not None
        if _is_doubtful(line) or (is_malformed and _FRAMING_FIELDS.search(line)):
            raise OriginError(_DOUBTFUL)
        if not is_malformed:
            fields.setdefault(name.decode("ascii").lower(), []).append(value.decode("latin-1"))
    return fields


def _build_head(version: int, status: int, fields: Mapping[str, list[str]]) -> ResponseHead:
    if len(set(fields.get("content-range", []))) > 1:
        raise OriginError("The origin sent several values of Content-Range that contradict each other.")
    headers = {
        name: _SEPARATORS[name].join(values) if name in _SEPARATORS else values[0] for name, values in fields.items()
    }
    length = _parse_length(headers.get("content-length"))
    has_chunks = _parse_chunked(headers.get("transfer-encoding"))
    if length is not None:
        headers["content-length"] = str(length)
    options = {option.strip(_BLANKS).lower() for option in headers.get("connection", "").split(",")}
    is_kept = "close" not in options and (version > 0 or "keep-alive" in options)
    is_clear = not has_chunks or (length is None and version > 0)
    if status in (204, 304):
        length, has_chunks = 0, False
    return ResponseHead(status, headers, None if has_chunks else length, has_chunks, is_kept and is_clear)


def _parse_length(text: str | None) -> int | None:
    if text is None:
        return None
    numbers = [number.strip(_BLANKS) for number in text.split(",")]
    if not all(map(_LENGTH.fullmatch, numbers)):
        raise OriginError("The origin sent a malformed Content-Length.")
    lengths = {int(number) for number in numbers}
    if len(lengths) > 1:
        raise OriginError("The origin sent several lengths that contradict each other.")
    return lengths.pop()


def _parse_chunked(text: str | None) -> bool:
    """Return whether the body has chunks."""
    if text is None:
        return False
    names = [name for coding in text.split(",") if (name := coding.strip(_BLANKS).lower())]
    codings = [name for name in names if name != "identity"]
    if not names or codings not in ([], ["chunked"]):
        raise OriginError("The origin sent the file in a Transfer-Encoding that it was not asked for.")
    return bool(codings)
