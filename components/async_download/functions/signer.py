"""The role that URLs of copies are signed with: it may read copies, and nothing else."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download.functions import permissions
from async_download.names import FunctionName, hyphenated
from async_download.resources import SIGNER_ROLE, Resources
from async_download.roles import attach_policy, create_role
from async_download.scope import Scope
from async_download.statements import Statement, allow, document

SIGNING_FUNCTIONS: tuple[FunctionName, ...] = ("get_download", "message", "deliver")


def create_signer(scope: Scope, resources: pulumi.Output[Resources]) -> aws.iam.Role:
    """Create the role, which the functions that sign URLs assume."""
    trust = resources.apply(lambda resources: json.dumps(_trust(resources)))
    role = create_role(scope, SIGNER_ROLE, "Signs the URLs of finished downloads.", resources, trust)
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
    sessions = [_sessions(arn) for arn in role_arns]
    statement = allow("NamedRoles", "sts:AssumeRole", None)
    statement |= {
        "Principal": {"AWS": account_arn},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": [*role_arns, *sessions]}},
    }
    del statement["Resource"]
    return document([statement])


def _sessions(role_arn: str) -> str:
    """Return the ARN of all sessions of a role, in which AWS leaves out the path of the role."""
    account, _, role = role_arn.partition(":role/")
    return f"{account.replace(':iam:', ':sts:', 1)}:assumed-role/{role.rpartition('/')[2]}/*"
