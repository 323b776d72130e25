"""Responses of the gateway itself to calls that it refuses: JSON in the shape of every other error."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from async_download.api import cors
from async_download.settings.auth import RestAuth

RETRY_LATER = {"gatewayresponse.header.Retry-After": "'1'"}
RETRY_WITH_CAPACITY = {"gatewayresponse.header.Retry-After": "'5'"}


@dataclass(frozen=True)
class GatewayError:
    """Response of the gateway; status None keeps the status that the gateway chose."""

    status: int | None
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """Template of the response's body."""
        return json.dumps({"error": {"code": self.code, "message": self.message}})


BLOCKED = GatewayError(
    403,
    "REQUEST_BLOCKED",
    "A firewall (AWS WAF) blocked the request before it reached the API; its owner has the reason.",
)


def gateway_errors(
    auth: RestAuth,
    cors_origins: Sequence[str] = (),
    required: str = "the documented fields",
    firewall: bool = False,
) -> dict[str, GatewayError]:
    """Return the response of each response type, which web pages of these origins can read.

    Responses to invalid requests name the `required` content. With a `firewall`, its refusals have a code of their own.
    """
    cors_headers = cors.errors(cors_origins)
    errors = _errors(auth, required) | ({"WAF_FILTERED": BLOCKED} if firewall else {})
    return {kind: replace(error, headers=error.headers | cors_headers) for kind, error in errors.items()}


def _errors(auth: RestAuth, required: str) -> dict[str, GatewayError]:
    """Return the responses without CORS headers.

    With IAM the gateway cannot distinguish an unsigned call from an unknown path. AWS does not document whether a
    function that is throttled or crashes is an `INTEGRATION_FAILURE` or an `API_CONFIGURATION_ERROR`: every 5xx apart
    from a time-out has the same response.
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
            400, "INVALID_REQUEST", f"Send a JSON object with {required}, and there are no others."
        ),
        "BAD_REQUEST_PARAMETERS": GatewayError(400, "INVALID_REQUEST", f"Send in the query string {required}."),
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
