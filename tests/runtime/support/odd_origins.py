"""Origins whose ranges, validators or conditions cannot be used, although a plain GET can."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.runtime.support.fakes import FakeBody, OriginRequest
from tests.runtime.support.world import OriginFile

Answer = Callable[[OriginFile, OriginRequest], FakeBody]
STATUSES = (304, 400, 403, 405, 406, 409, 412, 416, 418, 501, 505, 507, 520)


def span_of(request: OriginRequest, size: int) -> tuple[int, int]:
    """Return first and last byte of the requested range."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers["Range"])
    assert match is not None
    return int(match[1]), min(int(match[2] or size), size - 1)


def range_answer(file: OriginFile, first: int, last: int, **headers: str | None) -> FakeBody:
    """Return a 206 with these bytes, both ends included, and these headers changed, or removed with None."""
    defaults: dict[str, str | None] = {
        "content-range": f"bytes {first}-{last}/{len(file.content)}",
        "content-length": str(last - first + 1),
        "etag": file.etag,
    }
    changed = defaults | {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in changed.items() if value is not None}
    return FakeBody(206, kept, file.content[first : last + 1])


def with_content_range(text: str | None) -> Answer:
    """Return an origin whose 206 has this Content-Range, in which `{first}`, `{last}` and `{size}` are replaced."""

    def answer(file: OriginFile, request: OriginRequest) -> FakeBody:
        size = len(file.content)
        first, last = span_of(request, size)
        content_range = text and text.format(first=first, last=last, next=first + 1, size=size)
        return range_answer(file, first, last, content_range=content_range)

    return answer


def multipart(file: OriginFile, request: OriginRequest) -> FakeBody:
    """Answer a single range with multipart/byteranges."""
    first, last = span_of(request, len(file.content))
    head = f"--b\r\nContent-Range: bytes {first}-{last}/{len(file.content)}\r\n\r\n".encode()
    body = head + file.content[first : last + 1] + b"\r\n--b--\r\n"
    headers = {"content-type": "multipart/byteranges; boundary=b", "content-length": str(len(body)), "etag": '"v1"'}
    return FakeBody(206, headers, body)


def whole_file_with(**headers: str) -> Answer:
    """Return an origin that answers a range with 200 and the whole file."""

    def answer(file: OriginFile, _request: OriginRequest) -> FakeBody:
        return FakeBody(200, {"content-length": str(len(file.content))} | headers, file.content)

    return answer


def range_with(**headers: str | None) -> Answer:
    """Return an origin that answers with the right range, and these headers changed."""

    def answer(file: OriginFile, request: OriginRequest) -> FakeBody:
        first, last = span_of(request, len(file.content))
        return range_answer(file, first, last, **headers)

    return answer


ODD_RANGES: dict[str, Answer] = {
    **{f"status {status}": lambda _file, _request, status=status: FakeBody(status) for status in STATUSES},  # type: ignore[misc]
    "wrong start": with_content_range("bytes {next}-{last}/{size}"),
    "no Content-Range": with_content_range(None),
    "Content-Range like Range": with_content_range("bytes={first}-{last}/{size}"),
    "Content-Range of 416": with_content_range("bytes */{size}"),
    "Content-Range of another unit": with_content_range("items {first}-{last}/{size}"),
    "end beyond the size": with_content_range("bytes {first}-{size}/{size}"),
    "end before the start": with_content_range("bytes 9-8/{size}"),
    "multipart": multipart,
    "multipart without parts": range_with(content_range=None, content_type="multipart/byteranges; boundary=b"),
    "range of gzip": range_with(content_encoding="gzip"),
    "range of br": range_with(content_encoding="br"),
    "pieces of a byte": lambda file, request: range_answer(file, *2 * span_of(request, len(file.content))[:1]),
}
"""Answers to any request with Range."""

ODD_LATER_RANGES: dict[str, Answer] = {
    "200 with the same ETag": whole_file_with(etag='"v1"'),
    "200 with another ETag": whole_file_with(etag='"v2"'),
    "200 without ETag": whole_file_with(),
    "203 with the same ETag": lambda file, _request: FakeBody(203, {"etag": '"v1"'}, file.content),
    "another ETag": range_with(etag='"v2"'),
    "a weak ETag": range_with(etag='W/"v1"'),
    "no ETag": range_with(etag=None),
    "another size": with_content_range("bytes {first}-{last}/999999"),
}
"""Answers to requests for ranges behind the first one."""


@dataclass
class OddOrigin:
    """An origin that answers the requests with Range from `first_odd` on, counted from 0, with `odd`."""

    file: OriginFile
    odd: Answer
    first_odd: int = 0
    ranged: int = 0
    plain: list[OriginRequest] = field(default_factory=list)

    def answer(self, request: OriginRequest) -> FakeBody:
        """Answer a request."""
        if "Range" not in request.headers:
            self.plain.append(request)
            return self.file.answer(request)
        self.ranged += 1
        return self.odd(self.file, request) if self.ranged > self.first_odd else self.file.answer(request)

    def assert_one_plain_get(self) -> None:
        """Assert that one GET had neither a range nor a condition."""
        assert len(self.plain) == 1
        assert not {name for name in self.plain[0].headers if name.startswith("If-")}
