"""A Cognito user pool with one user, made beside the stacks that take its tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from integration_tests.support.clouds import Cloud

FLOW = "ADMIN_USER_PASSWORD_AUTH"


@dataclass(frozen=True)
class SignedIn:
    """A user of a pool, signed in."""

    pool_arn: str
    subject: str
    identity_token: str


@contextmanager
def signed_in(cloud: Cloud) -> Iterator[SignedIn]:
    """The user; the pool is gone afterwards."""
    cognito, name, password = (
        cloud.client("cognito-idp"),
        f"pool-{secrets.token_hex(4)}",
        f"Aa1!{secrets.token_hex(12)}",
    )
    pool = cognito.create_user_pool(PoolName=name)["UserPool"]
    where = {"UserPoolId": pool["Id"]}
    try:
        client = cognito.create_user_pool_client(
            **where, ClientName=name, ExplicitAuthFlows=[f"ALLOW_{FLOW}", "ALLOW_REFRESH_TOKEN_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(**where, Username="bob", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**where, Username="bob", Password=password, Permanent=True)
        attributes = cognito.admin_get_user(**where, Username="bob")["UserAttributes"]
        answered = cognito.admin_initiate_auth(
            **where, ClientId=client, AuthFlow=FLOW, AuthParameters={"USERNAME": "bob", "PASSWORD": password}
        )
        subject = {each["Name"]: each["Value"] for each in attributes}["sub"]
        yield SignedIn(pool["Arn"], subject, answered["AuthenticationResult"]["IdToken"])
    finally:
        cognito.delete_user_pool(**where)
