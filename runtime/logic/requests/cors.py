"""The CORS headers of an answer, which let web pages of other origins read it."""

from __future__ import annotations

from collections.abc import Collection

ANY = "*"
EXPOSED = ("Location", "Retry-After", "x-amzn-RequestId")


def cors_headers(cors_origins: Collection[str], request_origin: str | None) -> dict[str, str]:
    """Return the CORS headers of an answer.

    Args:
        cors_origins: origins that may read answers, or `*`; empty for an API without web pages.
        request_origin: the request's header Origin, if a browser sent it.
    """
    if not cors_origins:
        return {}
    if ANY in cors_origins:
        return {"Access-Control-Allow-Origin": ANY, "Access-Control-Expose-Headers": ", ".join(EXPOSED)}
    vary = {"Vary": "Origin"}
    if request_origin is None or request_origin not in cors_origins:
        return vary
    return vary | {"Access-Control-Allow-Origin": request_origin, "Access-Control-Expose-Headers": ", ".join(EXPOSED)}
