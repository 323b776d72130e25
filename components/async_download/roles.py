"""Roles that services of AWS assume for the stack, and their policies."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import keys
from async_download.resources import Resources
from async_download.scope import Scope
from async_download.statements import Statement, document, trust_service


def service_role(
    scope: Scope, part: str, description: str, service: str, account: pulumi.Output[str] | None = None
) -> aws.iam.Role:
    """Create the role that `service` assumes, for resources of `account` only where that is given."""
    return aws.iam.Role(
        scope.logical(f"{part}-role"),
        name=scope.physical(part),
        description=description,
        assume_role_policy=pulumi.Output.from_input(account).apply(
            lambda account_id: json.dumps(trust_service(service, account_id))
        ),
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True),
    )


def attach_policy(
    scope: Scope,
    part: str,
    role: aws.iam.Role,
    resources: pulumi.Output[Resources],
    build_statements: Callable[[Resources], Sequence[Statement]],
) -> aws.iam.RolePolicy:
    """Attach these statements to a role, with the use of the stack's key that they need where it has one."""

    def build(values: dict[str, Any]) -> str:
        statements, key = build_statements(values["resources"]), values["key"]
        return json.dumps(document(keys.with_key(statements, key) if key else statements))

    return aws.iam.RolePolicy(
        scope.logical(f"{part}-policy"),
        name=part,
        role=role.name,
        policy=pulumi.Output.all(resources=resources, key=scope.settings.encryption.kms_key_arn).apply(build),
        opts=scope.options(),
    )
