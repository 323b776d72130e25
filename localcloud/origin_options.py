"""Options in the URL of a file that say how the origin answers a request, by the request's number."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

ENDLESS = float("inf")


@dataclass(frozen=True)
class Options:
    """The answer to one request. Bytes are counted from the beginning of the answer's body."""

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
    range_status: int | None = None
    max_range: int | None = None
    if_match: int | None = None
    length: bool = True
    etag: str = "strong"
    content_type: str = "application/octet-stream"
    rate: float = ENDLESS
    version: int = 0
    grown: int = 0


def options_of(query: str, count: int) -> Options:
    """Return the options of a query string for the request with this number, counted from 1.

    Raises:
        ValueError: one of them is no number.
    """
    query_options = dict(parse_qsl(query))
    after = int(query_options.get("after", 0))
    failing = after < count <= after + int(query_options.get("times", count))
    changed = int(count > int(query_options.get("change_after", count)))
    headers = [("Location", query_options.get("location")), ("Retry-After", query_options.get("retry_after"))]
    faults = query_options if failing else {}
    return Options(
        first_byte=float(query_options["first_byte"]) * failing if "first_byte" in query_options else None,
        status=int(faults["status"]) if "status" in faults else None,
        status_headers=tuple((name, value) for name, value in headers if value is not None),
        close_after=float(faults.get("close_after", ENDLESS)),
        reset_after=float(faults.get("reset_after", ENDLESS)),
        stall_after=float(faults.get("stall_after", ENDLESS)),
        stall=float(faults.get("stall", ENDLESS)),
        short=int(faults.get("short", 0)),
        extra=int(faults.get("extra", 0)),
        ranges=faults.get("ranges") != "no",
        range_status=int(faults["range_status"]) if "range_status" in faults else None,
        max_range=int(faults["max_range"]) if "max_range" in faults else None,
        if_match=int(faults["if_match"]) if "if_match" in faults else None,
        length=query_options.get("length") != "no",
        etag=query_options.get("etag", "strong"),
        content_type=query_options.get("type", "application/octet-stream"),
        rate=float(query_options.get("rate", ENDLESS)),
        version=changed,
        grown=int(query_options.get("grow", 0)) * changed,
    )
