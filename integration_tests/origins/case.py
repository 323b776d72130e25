"""The record of a case: what an origin sends to each request, and what becomes of the download."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from localcloud.origin import Origin

READY = "READY"
SMALL = Origin.content(300_000)
LARGE = Origin.content((9 << 20) + 17)
"""A file that the product requests in more than one range, where the origin serves ranges."""
SLICED = Origin.content(64_000_001)
"""A file that several workers copy, where the origin serves ranges."""


class End(StrEnum):
    """What becomes of the connection after a reply."""

    CLOSE = "close"  # of TLS with close_notify
    CUT = "cut"  # of TLS without close_notify, of TCP as CLOSE
    RESET = "reset"
    OPEN = "open"  # without another byte, until the next request


class OriginName(StrEnum):
    """The origins of the stack, by name."""

    PLAIN = "plain"
    TLS = "tls"
    SLASHES = "slashes"  # the plain one with `encodedSlashes`


@dataclass(frozen=True)
class Reply:
    """The bytes of one answer.

    Attributes:
        head: up to the empty line. `{first}`, `{last}`, `{length}` and `{total}` stand for the requested range,
            `{count}` for the number of the request, `{host}` and `{port}` for the server's, `{path}` for the path
            of the case, and `{folder}` for its last segment.
        body: bytes, and seconds of pauses; None for the requested range of the file.
        limit: the most bytes of the requested range that are sent.
    """

    head: bytes
    body: tuple[bytes | float, ...] | None = ()
    end: End = End.CLOSE
    limit: int | None = None


@dataclass(frozen=True)
class Rule:
    """A reply, and the requests that it answers.

    Attributes:
        headers: name in lower case -> regular expression of the whole value, which is "" in requests without it.
        path: the path behind the URL of the case, "" for the requested one.
        times: the number of requests that it answers, if limited.
    """

    reply: Reply
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    times: int | None = None


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        name: says what the origin sends.
        rules: the first one that fits a request answers it; a request that none fits gets 404.
        expected: READY, or the code of the failure or of the refused request.
        file: the bytes of the file.
        path: the path that is requested, behind the URL of the case.
        target: the same as the origin has to receive it.
        fields: further fields of the request for the download.
        file_name: the name that the copy has, if it is compared.
        decode: whether curl and wget are told to decode a Content-Encoding.
    """

    name: str
    rules: tuple[Rule, ...]
    expected: str = READY
    file: bytes = SMALL
    origin: OriginName = OriginName.PLAIN
    path: str = "file.bin"
    target: str = ""
    fields: Mapping[str, str | int] = field(default_factory=dict)
    file_name: str = ""
    decode: bool = False

    @property
    def folder(self) -> str:
        """The segment of the URL that names the case."""
        words = re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")
        return f"{words[:40]}-{zlib.crc32(self.name.encode()):08x}"


def reply(
    *lines: str | bytes,
    body: bytes | tuple[bytes | float, ...] | None = b"",
    end: End = End.CLOSE,
    limit: int | None = None,
) -> Reply:
    """Build a reply from its status line and headers, in UTF-8 unless they are bytes."""
    head = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines) + b"\r\n"
    return Reply(head, (body,) if isinstance(body, bytes) else body, end, limit)


def case(name: str, *replies: Reply | Rule, expected: str = READY, **fields: object) -> Case:
    """Build a case; a reply without a rule answers every request."""
    rules = tuple(Rule(answer) if isinstance(answer, Reply) else answer for answer in replies)
    return Case(name, rules, expected, **fields)  # type: ignore[arg-type]
