"""Web pages of other origins: what answers say so that a browser lets a page read them. Pure functions.

No cookies are involved, so an answer that cannot choose may say `*`: what the gateway answers by itself holds nothing
secret, and who may read what a function answers is decided there.
"""

from collections.abc import Iterable, Sequence

import pulumi
import pulumi_aws as aws

ANY = "*"
PREFLIGHT_SECONDS = 7200  # the longest that browsers remember
ASKED = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "X-Amz-Content-Sha256",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Api-Key",
    "X-Download-Ticket",
)
EXPOSED = ("Location", "Retry-After", "x-amzn-RequestId")
RANGE_HEADERS = ("If-Match", "If-Range", "Range")
OBJECT_HEADERS = ("Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag")


def allowed(origins: Sequence[str]) -> str:
    """What an answer says that is the same for everyone."""
    return origins[0] if len(origins) == 1 else ANY


def preflight(origins: Sequence[str], methods: Iterable[str], also: Iterable[str] = ()) -> dict[str, str]:
    """Headers that answer a browser's question before a call, which may carry `also` headers of the stack's own."""
    known = {name.lower() for name in ASKED}
    return {
        "Access-Control-Allow-Origin": allowed(origins),
        "Access-Control-Allow-Methods": ",".join(sorted({"OPTIONS", *methods})),
        "Access-Control-Allow-Headers": ",".join([*ASKED, *(name for name in also if name.lower() not in known)]),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def errors(origins: Sequence[str]) -> dict[str, str]:
    """Headers of the gateway's own answers, as API Gateway maps them; none without pages."""
    if not origins:
        return {}
    headers = {"Access-Control-Allow-Origin": allowed(origins), "Access-Control-Expose-Headers": ",".join(EXPOSED)}
    return {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()}


def bucket_rule(origins: pulumi.Input[Sequence[str]]) -> aws.s3.BucketCorsConfigurationCorsRuleArgsDict:
    """The rule that lets pages fetch copies, also piece by piece."""
    return {
        "id": "async-download",
        "allowed_origins": origins,
        "allowed_methods": ["GET", "HEAD"],
        "allowed_headers": list(RANGE_HEADERS),
        "expose_headers": list(OBJECT_HEADERS),
        "max_age_seconds": PREFLIGHT_SECONDS,
    }


def bucket_rule_of_its_api(origins: Sequence[str]) -> dict[str, object]:
    """The same rule in the words of S3's own API."""
    return {
        "ID": "async-download",
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "HEAD"],
        "AllowedHeaders": list(RANGE_HEADERS),
        "ExposeHeaders": list(OBJECT_HEADERS),
        "MaxAgeSeconds": PREFLIGHT_SECONDS,
    }
