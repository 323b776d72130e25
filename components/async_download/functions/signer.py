"""The role that URLs of copies are signed with: it may read copies, and nothing else."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download.functions import permissions
from async_download.names import FunctionName, hyphenated
from async_download.resources import SIGNER_ROLE, Resources
from async_download.roles import attach_policy
from async_download.scope import Scope
from async_download.statements import Statement, allow, document

SIGNING_FUNCTIONS: tuple[FunctionName, ...] = ("get_download", "message", "deliver")


def create_signer(scope: Scope, resources: pulumi.Output[Resources]) -> aws.iam.Role:
    """Create the role, which the functions that sign URLs assume."""
    role = aws.iam.Role(
        scope.logical(f"{SIGNER_ROLE}-role"),
        name=scope.physical(SIGNER_ROLE),
        description="Signs the URLs of finished downloads.",
        assume_role_policy=resources.apply(lambda resources: json.dumps(_trust(resources))),
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True),
    )
    attach_policy(scope, SIGNER_ROLE, role, resources, _statements)
    return role


def _statements(resources: Resources) -> list[Statement]:
    return [permissions.objects(resources, "GetObject")]


def _trust(resources: Resources) -> dict[str, Any]:
    return trust_roles(resources.account_arn, [resources.role(hyphenated(name)).arn for name in SIGNING_FUNCTIONS])


def trust_roles(account_arn: str, role_arns: Sequence[str]) -> dict[str, Any]:
    """Return a trust policy that only these roles of the account satisfy; it stays valid when they are replaced.

    Each is named twice, as role and as session, since clouds differ in which of the two they compare.
    """
    sessions = [arn.replace(":iam:", ":sts:", 1).replace(":role/", ":assumed-role/", 1) + "/*" for arn in role_arns]
    statement = allow("NamedRoles", "sts:AssumeRole", None)
    statement |= {
        "Principal": {"AWS": account_arn},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": [*role_arns, *sessions]}},
    }
    del statement["Resource"]
    return document([statement])
