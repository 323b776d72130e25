"""Roles that services of AWS assume for the stack, and their policies."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import keys
from async_download.resources import Resources, arn_in_stack
from async_download.scope import Scope
from async_download.settings.protection import NO_PATH
from async_download.statements import Statement, document, trust_service


def create_role(
    scope: Scope,
    part: str,
    description: str,
    resources: pulumi.Output[Resources],
    trust: pulumi.Input[str],
    opts: pulumi.ResourceOptions | None = None,
) -> aws.iam.Role:
    """Create a role with the path and the permissions boundary of the settings; `trust` is its trust policy."""
    protection = scope.settings.protection
    return aws.iam.Role(
        scope.logical(f"{part}-role"),
        name=scope.physical(part),
        path=None if protection.role_path == NO_PATH else protection.role_path,
        permissions_boundary=_boundary(protection.permissions_boundary_arn, resources),
        description=description,
        assume_role_policy=trust,
        tags=scope.tags,
        opts=opts or scope.options(delete_before_replace=True),
    )


def service_role(
    scope: Scope,
    part: str,
    description: str,
    resources: pulumi.Output[Resources],
    service: str,
    account: pulumi.Output[str] | None = None,
) -> aws.iam.Role:
    """Create the role that `service` assumes, for resources of `account` only where that is given."""
    trust = pulumi.Output.from_input(account).apply(lambda account_id: json.dumps(trust_service(service, account_id)))
    return create_role(scope, part, description, resources, trust)


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


def _boundary(arn: pulumi.Input[str] | None, resources: pulumi.Output[Resources]) -> pulumi.Output[str] | None:
    """Return the ARN of the permissions boundary, checked against the stack's account once that is known."""
    return None if arn is None else arn_in_stack(resources, "protection.permissions_boundary_arn", arn)
