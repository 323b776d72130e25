"""Create a Cognito user pool with one user."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from integration_tests.support.clouds import Cloud

FLOW = "ADMIN_USER_PASSWORD_AUTH"


@dataclass(frozen=True)
class SignedIn:
    """A signed-in user of a pool."""

    pool_arn: str
    subject: str
    identity_token: str


@contextmanager
def signed_in(cloud: Cloud) -> Iterator[SignedIn]:
    """Create a pool and a user, yield the signed-in user, and delete the pool."""
    cognito, name, password = (
        cloud.client("cognito-idp"),
        f"pool-{secrets.token_hex(4)}",
        f"Aa1!{secrets.token_hex(12)}",
    )
    pool = cognito.create_user_pool(PoolName=name)["UserPool"]
    pool_id = {"UserPoolId": pool["Id"]}
    try:
        client = cognito.create_user_pool_client(
            **pool_id, ClientName=name, ExplicitAuthFlows=[f"ALLOW_{FLOW}", "ALLOW_REFRESH_TOKEN_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(**pool_id, Username="bob", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**pool_id, Username="bob", Password=password, Permanent=True)
        attributes = cognito.admin_get_user(**pool_id, Username="bob")["UserAttributes"]
        tokens = cognito.admin_initiate_auth(
            **pool_id, ClientId=client, AuthFlow=FLOW, AuthParameters={"USERNAME": "bob", "PASSWORD": password}
        )
        subject = {attribute["Name"]: attribute["Value"] for attribute in attributes}["sub"]
        yield SignedIn(pool["Arn"], subject, tokens["AuthenticationResult"]["IdToken"])
    finally:
        cognito.delete_user_pool(**pool_id)
