"""Roles that services of AWS assume for the stack."""

import json

import pulumi
import pulumi_aws as aws

from async_download import service_policies
from async_download.scope import Scope


def service_role(
    scope: Scope, part: str, description: str, service: str, account: pulumi.Output[str] | None = None
) -> aws.iam.Role:
    """Create the role that `service` assumes, for resources of `account` only where that is given."""
    return aws.iam.Role(
        scope.logical(f"{part}-role"),
        name=scope.physical(part),
        description=description,
        assume_role_policy=pulumi.Output.from_input(account).apply(
            lambda account_id: json.dumps(service_policies.trust(service, account_id))
        ),
        tags=scope.tags,
        opts=scope.named(),
    )
