"""A Lambda authorizer: lets in whoever sends a token that begins with `friend-`, and knows them by it.

As a function of its own it is one file, without imports.
"""

from __future__ import annotations


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """A policy for the one call; `Unauthorized` is how API Gateway is told to answer 401."""
    token = event.get("authorizationToken")
    if token is None:
        headers = event["headers"]
        assert isinstance(headers, dict)
        token = {str(name).lower(): value for name, value in headers.items()}.get("authorization", "")
    if token == "expired":
        raise PermissionError("Unauthorized")
    effect = "Allow" if str(token).startswith("friend-") else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": str(token), "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
