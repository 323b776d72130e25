"""Random responses of an origin: framings, codings, headers, cuts and ends of the connection."""

from __future__ import annotations

import gzip
import socket
import ssl
import zlib
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from random import Random

from tests.runtime.support.http_server import Exchange

NOISE = [
    b"X-A: 1",
    b"X-Gr\xc3\xb6\xc3\x9fe: 1",
    b"no colon",
    b"bad name: 1",
    b"X-A: \x00\x01",
    b"X-A: a\rb",
    b"X-A:\r\n folded",
    b"X-Content-Length: 1",
    b"\r\n".join(b"X-%d: y" % number for number in range(150)),
]
DOUBTS = [
    b"Content-Length 3",
    b"X-A: 1\rContent-Length: 3",
    b"Content-Length: +3",
    b"Content-Length: 3, 4",
    b"Content-Length: 3\r\nContent-Length: 4",
    b"Content-Length: 3\r\nContent-Length:",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip",
    b"\x01Transfer-Encoding: chunked",
    b"Content-Encoding: \x00gzip",
    b"Content-Encoding: br",
]
INFORMATIONAL = [b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 100 X\r\nContent-Length: 9\r\n\r\n"]
STATUS_LINES = [b"HTTP/1.1 200 OK", b"HTTP/1.1  200", b"HTTP/1.0 200 OK", b"HTTP/1.1 203 X"]
TRAILERS = [b"", b"X-Sum: 1\r\n", b"Content-Length: 3\r\nX: y\r\n"]
SURPLUS = [b"", b"", b"more", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"]


class End(Enum):
    """The end of a connection."""

    OPEN = "it stays open"
    FIN = "FIN, on TLS without close_notify"
    CLOSE_NOTIFY = "close_notify"
    RESET = "reset"


class Outcome(Enum):
    """The outcome of a copy."""

    FILE = "the file"
    FAILURE = "a typed failure"
    EITHER = "one of both"


@dataclass(frozen=True)
class Response:
    """A response that delivers `content`, as far as `outcome` says."""

    content: bytes
    raw: bytes
    tls: bool
    end: End
    outcome: Outcome

    def send(self, exchange: Exchange) -> None:
        """Send the response and end the connection."""
        exchange.send_raw(self.raw)
        sock = exchange.sock
        if self.end is End.RESET:
            exchange.reset()
        elif self.end is End.FIN:
            sock.shutdown(socket.SHUT_WR)
        elif self.end is End.CLOSE_NOTIFY:
            assert isinstance(sock, ssl.SSLSocket)
            sock.settimeout(0)
            with suppress(OSError):  # it does not wait for the client's
                sock.unwrap()
            sock.settimeout(10)


def deflate_raw(content: bytes) -> bytes:
    """Compress without the header and the checksum of zlib."""
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(content) + deflate.flush()


@dataclass(frozen=True)
class Payload:
    """The bytes of a body before its framing: `size` of them are the compressed file, padding may follow."""

    data: bytes
    size: int
    names: list[bytes]
    has_members: bool = False
    is_damaged: bool = False


def draw_payload(random: Random, content: bytes) -> Payload:
    """Compress the content in 0 to 2 layers; damage a checksum or a length now and then."""
    layers = random.choice([[], [], ["gzip"], ["members"], ["zlib"], ["raw"], ["zlib", "gzip"], ["gzip"] * 2])
    data, names, is_damaged = content, list[bytes](), False
    for layer in layers:
        if layer == "zlib":
            data = zlib.compress(data)
        elif layer == "raw":
            data = deflate_raw(data)
        else:
            cut = random.randint(0, len(data)) if layer == "members" else len(data)
            members = [gzip.compress(piece, mtime=0) for piece in (data[:cut], data[cut:])]
            members = members if layer == "members" else members[:1]
            if layer == layers[-1] and random.random() < 0.2:
                is_damaged = True
                number = random.randrange(len(members))
                members[number] = damage_end(random, members[number])
            data = b"".join(members)
        names.append(b"deflate" if layer in ("zlib", "raw") else random.choice([b"gzip", b"X-GZip"]))
    padding = random.choice([b"", b"", b"\r\n", bytes(512)]) if layers else b""
    return Payload(data + padding, len(data), names, "members" in layers, is_damaged)


def damage_end(random: Random, member: bytes) -> bytes:
    """Change a bit of the CRC-32 or of the length of a member of gzip."""
    damaged = bytearray(member)
    damaged[-random.randint(1, 8)] ^= 1 << random.randrange(8)
    return bytes(damaged)


def draw_coding_fields(random: Random, names: list[bytes]) -> list[bytes]:
    """Return the fields that announce the codings, in the order in which they were applied."""
    form = random.choice(["list", "fields", "noise"])
    if form == "fields":
        return [b"Content-Encoding: " + name for name in names]
    if form == "noise":
        return [b"content-encoding:" + b",".join([b"identity", *(name + b";a=b" for name in names), b"", b"utf-8"])]
    return [b"Content-Encoding: " + b", ".join(names)] if names else []


def draw_length_fields(random: Random, size: int) -> list[bytes]:
    """Return the fields that announce a length."""
    field = random.choice([b"Content-Length: %d", b"content-length :\t%d ", b"Content-Length:\r\n %d"]) % size
    return random.choice([[field], [field], [field] * 2, [field + b", %d" % size]])


def draw_chunks(random: Random, data: bytes) -> bytes:
    """Return the data in chunks."""
    size, extension = random.randint(1, 300), random.choice([b"", b";a", b' ; a="b"'])
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
    return chunks + b"0\r\n" + random.choice(TRAILERS) + b"\r\n"


def draw_head(random: Random, fields: list[bytes], *, size: int) -> bytes:
    """Return a head with these fields and noise between them: of a range with all `size` bytes, if not 0."""
    status_line = random.choice(STATUS_LINES)
    if size and random.random() < 0.3:
        status_line = b"HTTP/1.1 206 X"
        fields = [*fields, b"Content-Range: bytes 0-%d/%d" % (size - 1, size)]
    lines = [status_line]
    for field in [b"Server: x", *fields]:
        lines += [field, *random.sample(NOISE, random.choice([0, 0, 1, 2]))]
    end = random.choice([b"\r\n", b"\r\n", b"\n"])
    return random.choice(INFORMATIONAL) + b"".join(line + end for line in [*lines, b""])


def draw_framing(random: Random, data: bytes) -> tuple[bytes, list[bytes], bool]:
    """Return the body, the fields that announce its framing, and whether it ends with the connection."""
    framing = random.choice(["length", "chunks", "close"])
    if framing == "length":
        return data, draw_length_fields(random, len(data)), False
    if framing == "close":
        return data, [], True
    field = random.choice([b"Transfer-Encoding: chunked", b"transfer-encoding : Chunked"])
    length = random.choice([[], [], [b"Content-Length: %d" % random.randrange(100)]])
    return draw_chunks(random, data), [field, *length], False


def draw_response(seed: int) -> Response:
    """Draw the response with this number: about half of them deliver the file."""
    random = Random(seed)
    content = random.randbytes(random.choice([0, 1, 20, 300])) * random.randint(1, 4)
    payload = draw_payload(random, content)
    body, framing_fields, is_until_close = draw_framing(random, payload.data)
    fields = draw_coding_fields(random, payload.names) + framing_fields
    has_doubt, is_cut, tls = random.random() < 0.15, random.random() < 0.25, random.random() < 0.25
    if has_doubt:
        fields.insert(random.randint(0, len(fields)), random.choice(DOUBTS))
    head = draw_head(random, fields, size=0 if payload.names else len(content))
    raw = head + body
    clean_end, unclean_end = (End.CLOSE_NOTIFY, End.FIN) if tls else (End.FIN, End.RESET)
    ends = [clean_end, unclean_end] if is_until_close else [clean_end, unclean_end, End.OPEN]
    if is_cut:
        first, last, ends = 0, len(raw) - 1, [clean_end, unclean_end]
        if is_until_close and payload.names and not payload.has_members:
            first, last = len(head) + 1, len(head) + payload.size - 1
        elif is_until_close:  # a clean end is the end of the file then
            ends = [unclean_end]
        raw = raw[: random.randint(first, last)]
    elif not is_until_close:
        raw += random.choice(SURPLUS)
    end = random.choice(ends)
    is_lost = is_cut or (is_until_close and end is unclean_end)
    if is_lost or has_doubt or payload.is_damaged:
        outcome = Outcome.FAILURE
    else:
        outcome = Outcome.EITHER if end is End.RESET else Outcome.FILE
    return Response(content, raw, tls, end, outcome)
