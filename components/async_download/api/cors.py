"""CORS headers of the gateway's own responses, and the CORS rule of the bucket. Pure functions.

There are no cookies, and the gateway's own responses hold no secrets, so they may allow `*` where the gateway cannot
choose between origins. Functions choose the origin of their responses themselves.
"""

from collections.abc import Iterable, Sequence

import pulumi
import pulumi_aws as aws

ANY = "*"
PREFLIGHT_SECONDS = 7200  # the longest time for which browsers cache it
ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "X-Amz-Content-Sha256",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Api-Key",
    "X-Download-Ticket",
)
EXPOSED_HEADERS = ("Location", "Retry-After", "x-amzn-RequestId")
RANGE_HEADERS = ("If-Match", "If-Range", "Range")
OBJECT_HEADERS = ("Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag")


def allowed(origins: Sequence[str]) -> str:
    """Return the `Access-Control-Allow-Origin` of a response that is the same for every caller."""
    return origins[0] if len(origins) == 1 else ANY


def preflight(origins: Sequence[str], methods: Iterable[str], extra_headers: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of the response to OPTIONS; `extra_headers` are allowed too."""
    allowed_names = {name.lower() for name in ALLOWED_HEADERS}
    added = [name for name in extra_headers if name.lower() not in allowed_names]
    return {
        "Access-Control-Allow-Origin": allowed(origins),
        "Access-Control-Allow-Methods": ",".join(sorted({"OPTIONS", *methods})),
        "Access-Control-Allow-Headers": ",".join([*ALLOWED_HEADERS, *added]),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def errors(origins: Sequence[str]) -> dict[str, str]:
    """Return the headers of the gateway's own responses, as API Gateway maps them; none without origins."""
    if not origins:
        return {}
    headers = {
        "Access-Control-Allow-Origin": allowed(origins),
        "Access-Control-Expose-Headers": ",".join(EXPOSED_HEADERS),
    }
    return {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()}


def bucket_rule(origins: pulumi.Input[Sequence[str]]) -> aws.s3.BucketCorsConfigurationCorsRuleArgsDict:
    """Return the rule that lets pages fetch copies, also by ranges."""
    return {
        "id": "async-download",
        "allowed_origins": origins,
        "allowed_methods": ["GET", "HEAD"],
        "allowed_headers": list(RANGE_HEADERS),
        "expose_headers": list(OBJECT_HEADERS),
        "max_age_seconds": PREFLIGHT_SECONDS,
    }
