"""What an answer says so that a browser lets a web page of another origin read it."""

from __future__ import annotations

from collections.abc import Collection

ANY = "*"
EXPOSED = ("Location", "Retry-After", "x-amzn-RequestId")


def cors_headers(pages: Collection[str], asking: str | None) -> dict[str, str]:
    """Headers for the page that asks.

    Args:
        pages: origins that may read answers, or `*`; none at all for an API without pages.
        asking: the request's Origin, if a browser sent one.
    """
    if not pages:
        return {}
    if ANY in pages:
        return {"Access-Control-Allow-Origin": ANY, "Access-Control-Expose-Headers": ", ".join(EXPOSED)}
    varies = {"Vary": "Origin"}
    if asking is None or asking not in pages:
        return varies
    return varies | {"Access-Control-Allow-Origin": asking, "Access-Control-Expose-Headers": ", ".join(EXPOSED)}
