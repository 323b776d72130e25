"""What the gateway itself answers when it refuses a call: JSON in the shape of every other error."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from async_download.api import cors
from async_download.args import RestAuth

RETRY_LATER = {"gatewayresponse.header.Retry-After": "'1'"}
RETRY_WITH_CAPACITY = {"gatewayresponse.header.Retry-After": "'5'"}


@dataclass(frozen=True)
class GatewayError:
    """An answer of the gateway; status None keeps the one that the gateway chose."""

    status: int | None
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """The template of the response's body."""
        return json.dumps({"error": {"code": self.code, "message": self.message}})


def gateway_errors(
    auth: RestAuth, pages: Sequence[str] = (), wanted: str = "what is documented"
) -> dict[str, GatewayError]:
    """Response type -> answer, which web pages of these origins can read; `wanted` is what a request has to hold."""
    readable = cors.errors(pages)
    return {kind: replace(error, headers=error.headers | readable) for kind, error in _errors(auth, wanted).items()}


def _errors(auth: RestAuth, wanted: str) -> dict[str, GatewayError]:
    """A gateway that wants signatures cannot tell an unsigned call from an unknown path.

    A function that Lambda throttles is an `INTEGRATION_FAILURE` or, as one that crashes or answers nonsense, an
    `API_CONFIGURATION_ERROR`: AWS documents neither, so every 5xx but a time-out says the same.
    """
    forbidden = GatewayError(403, "FORBIDDEN", "This caller may not call this API; check its credentials and rights.")
    busy = GatewayError(429, "TOO_MANY_REQUESTS", "Too many requests; try again in a second.", RETRY_LATER)
    late = GatewayError(504, "TIMEOUT", "The answer took too long; try again.", RETRY_LATER)
    unavailable = GatewayError(
        503, "UNAVAILABLE", "The service is overloaded or failed; try again in a few seconds.", RETRY_WITH_CAPACITY
    )
    unknown = (
        GatewayError(
            403,
            "FORBIDDEN",
            "Sign the call with AWS credentials (SigV4); if it is signed, there is no such path or method.",
        )
        if auth is RestAuth.IAM
        else GatewayError(404, "NOT_FOUND", "There is no such path or method.")
    )
    return {
        "DEFAULT_4XX": GatewayError(None, "REQUEST_REFUSED", "The request was refused; see the status code."),
        "DEFAULT_5XX": unavailable,
        "BAD_REQUEST_BODY": GatewayError(
            400, "INVALID_REQUEST", f"Send a JSON object with {wanted}, and there are no others."
        ),
        "BAD_REQUEST_PARAMETERS": GatewayError(400, "INVALID_REQUEST", f"Send in the query string {wanted}."),
        "UNAUTHORIZED": GatewayError(401, "UNAUTHORIZED", "Send credentials with the call."),
        "ACCESS_DENIED": forbidden,
        "EXPIRED_TOKEN": GatewayError(403, "FORBIDDEN", "The credentials have expired; get new ones."),
        "INVALID_API_KEY": GatewayError(403, "FORBIDDEN", "Send a valid API key in the header x-api-key."),
        "INVALID_SIGNATURE": GatewayError(
            403, "FORBIDDEN", "The signature does not match; check region, service and clock."
        ),
        "MISSING_AUTHENTICATION_TOKEN": unknown,
        "WAF_FILTERED": forbidden,
        "REQUEST_TOO_LARGE": GatewayError(
            413, "REQUEST_TOO_LARGE", "The request is too large; a download needs a few hundred bytes."
        ),
        "UNSUPPORTED_MEDIA_TYPE": GatewayError(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/json."),
        "THROTTLED": busy,
        "QUOTA_EXCEEDED": GatewayError(
            429, "DAILY_LIMIT_REACHED", "The requests of this API key for today are used up; try again tomorrow."
        ),
        "INTEGRATION_TIMEOUT": late,
        "INTEGRATION_FAILURE": unavailable,
        "API_CONFIGURATION_ERROR": unavailable,
        "AUTHORIZER_FAILURE": unavailable,
        "AUTHORIZER_CONFIGURATION_ERROR": unavailable,
    }
