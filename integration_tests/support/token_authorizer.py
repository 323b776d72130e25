"""A Lambda authorizer: accepts tokens that begin with `friend-`, and uses the token as the principal.

It is deployed as one file, so it imports nothing.
"""

from __future__ import annotations


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Return a policy for this call; raise `Unauthorized`, which API Gateway answers with 401, for `expired`."""
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
