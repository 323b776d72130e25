"""What the URL of a file asks of our origin: how it should answer this request, of which it counts how many came."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

ENDLESS = float("inf")


@dataclass(frozen=True)
class Options:
    """How one request is answered. Bytes are counted from the beginning of what that answer holds."""

    first_byte: float | None = None
    status: int | None = None
    status_headers: tuple[tuple[str, str], ...] = ()
    close_after: float = ENDLESS
    reset_after: float = ENDLESS
    stall_after: float = ENDLESS
    stall: float = ENDLESS
    short: int = 0
    extra: int = 0
    ranges: bool = True
    length: bool = True
    etag: str = "strong"
    content_type: str = "application/octet-stream"
    rate: float = ENDLESS
    version: int = 0
    grown: int = 0


def options_of(query: str, count: int) -> Options:
    """The options in a query string, for the request of this URL with this number, from 1.

    Raises:
        ValueError: one of them is no number.
    """
    given = dict(parse_qsl(query))
    after = int(given.get("after", 0))
    failing = after < count <= after + int(given.get("times", count))
    changed = int(count > int(given.get("change_after", count)))
    headers = [("Location", given.get("location")), ("Retry-After", given.get("retry_after"))]
    faults = given if failing else {}
    return Options(
        first_byte=float(given["first_byte"]) * failing if "first_byte" in given else None,
        status=int(faults["status"]) if "status" in faults else None,
        status_headers=tuple((name, value) for name, value in headers if value is not None),
        close_after=float(faults.get("close_after", ENDLESS)),
        reset_after=float(faults.get("reset_after", ENDLESS)),
        stall_after=float(faults.get("stall_after", ENDLESS)),
        stall=float(faults.get("stall", ENDLESS)),
        short=int(faults.get("short", 0)),
        extra=int(faults.get("extra", 0)),
        ranges=faults.get("ranges") != "no",
        length=given.get("length") != "no",
        etag=given.get("etag", "strong"),
        content_type=given.get("type", "application/octet-stream"),
        rate=float(given.get("rate", ENDLESS)),
        version=changed,
        grown=int(given.get("grow", 0)) * changed,
    )
