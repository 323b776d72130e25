"""Permissions boundary and path of the roles, and the policy that a boundary has to allow at least."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pulumi
import pytest
from async_download import InvalidSetting
from async_download.functions.signer import SIGNING_FUNCTIONS
from async_download.names import hyphenated
from async_download.settings import resolve

from tests.components.support.cloudformation import Document, findings
from tests.components.support.harness import ORIGINS, REPOSITORY, Cloud, Deployment, deploy
from tests.components.support.variants import main_variants, variants
from tools.deploy_permissions import EXAMPLE as DEPLOYING
from tools.deploy_permissions import Target as DeployTarget
from tools.deploy_permissions import policy as deploy_policy
from tools.permissions_boundary import DOCUMENT, Target, policy, text

BOUNDARY = "arn:aws:iam::123456789012:policy/company/boundary"
PATH = "/company/files/"
ROLES = {"protection.permissions_boundary_arn": BOUNDARY, "protection.role_path": PATH}
MANAGED_POLICY_CHARACTERS = 6144  # white space does not count
TRUST_POLICY_CHARACTERS = 2048
HERE = Target(account="123456789012", region="eu-west-1", prefix="async-download-test-files")


@pytest.mark.security
@pytest.mark.parametrize("variant", main_variants())
def test_every_role_has_the_boundary_and_the_path(variant: str) -> None:
    deployment = deploy(main_variants()[variant] | ROLES)
    roles = deployment.resources_of("iam/role:Role")
    assert {"files-signer-role", "files-copy-role", "files-transfer-role"} <= {role.name for role in roles}
    assert ("files-api-gateway-role" in {role.name for role in roles}) == variant.startswith("everything")
    for role in roles:
        assert (role.inputs["permissionsBoundary"], role.inputs["path"]) == (BOUNDARY, PATH), role.name


def test_by_default_roles_have_neither(deployment: Deployment) -> None:
    for role in deployment.resources_of("iam/role:Role"):
        assert not {"permissionsBoundary", "path"} & set(role.inputs), role.name


def test_role_arns_have_the_path_and_those_of_sessions_have_not() -> None:
    """AWS leaves the path out of the ARN of a session."""
    deployment = deploy(ROLES)
    account, prefix = "123456789012", "async-download-test-files"
    signer = f"arn:aws:iam::{account}:role{PATH}{prefix}-signer"
    for key in SIGNING_FUNCTIONS:
        function = deployment.resource("lambda/function:Function", hyphenated(key)).inputs
        assert function["role"] == f"arn:aws:iam::{account}:role{PATH}{prefix}-{hyphenated(key)}"
        assert function["environment"]["variables"]["SIGNER_ROLE_ARN"] == signer
        (sign,) = [item for item in deployment.statements(hyphenated(key)) if item["Sid"] == "Sign"]
        assert sign["Resource"] == signer
    (trust,) = deployment.resource("iam/role:Role", "signer-role").json("assumeRolePolicy")["Statement"]
    names = [f"{prefix}-{hyphenated(key)}" for key in SIGNING_FUNCTIONS]
    assert trust["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        *(f"arn:aws:iam::{account}:role{PATH}{name}" for name in names),
        *(f"arn:aws:sts::{account}:assumed-role/{name}/*" for name in names),
    ]


def test_nothing_names_a_role_without_its_path() -> None:
    deployment = deploy(main_variants()["everything"] | ROLES)
    for resource in deployment.custom:
        inputs = json.dumps({key: value for key, value in resource.inputs.items() if key != "code"})
        assert inputs.count(":role/") == inputs.count(f":role{PATH}"), resource.name


def test_the_longest_path_fits_into_the_trust_policy_of_the_signer() -> None:
    longest = "/" + "p" * 254 + "/"
    deployment = deploy(
        {"protection.role_path": longest, "name_prefix": "n" * 128}, cloud=Cloud(partition="aws-us-gov")
    )
    trust = deployment.resource("iam/role:Role", "signer-role").inputs["assumeRolePolicy"]
    assert len("".join(trust.split())) <= TRUST_POLICY_CHARACTERS
    with pytest.raises(InvalidSetting, match="at most 256 characters"):
        deploy({"protection.role_path": "/p" + longest[1:]})


@pytest.mark.parametrize(
    "path", ["", "company", "company/", "/company", "//", "/a b/", "/a*/", "/${aws:userid}/", "/aws-service-role/", 7]
)
def test_a_path_that_iam_or_a_policy_does_not_take_is_refused(path: Any) -> None:
    with pytest.raises(InvalidSetting, match=r"protection\.role_path \(protection\.rolePath\) .*slash"):
        resolve("files", {"origins": ORIGINS, "protection": {"role_path": path}})


@pytest.mark.parametrize(
    "arn", ["", "boundary", BOUNDARY.replace("policy", "role"), BOUNDARY.replace("iam:", "sts:"), 7]
)
def test_an_arn_of_another_kind_is_refused_as_a_boundary(arn: Any) -> None:
    with pytest.raises(InvalidSetting, match=r"permissions_boundary_arn .*the ARN of an IAM policy"):
        resolve("files", {"origins": ORIGINS, "protection": {"permissions_boundary_arn": arn}})


@pytest.mark.parametrize(
    "arn", [BOUNDARY.replace("123456789012", "210987654321"), BOUNDARY.replace("aws:", "aws-cn:", 1)]
)
def test_a_boundary_of_another_account_or_partition_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match=r"permissions_boundary_arn .* an ARN of partition aws, account 123456789012"):
        deploy({"protection.permissions_boundary_arn": arn}, fresh=True)


@pytest.mark.parametrize("arn", [BOUNDARY, "arn:aws:iam::aws:policy/PowerUserAccess"])
def test_a_boundary_may_be_computed_or_of_aws(arn: str) -> None:
    deployment = deploy(lambda: {"protection.permissions_boundary_arn": pulumi.Output.from_input(arn)})
    assert deployment.resource("iam/role:Role", "signer-role").inputs["permissionsBoundary"] == arn


def lacking(document: dict[str, Any], deployment: Deployment) -> set[tuple[str, str]]:
    """Return actions and resources that the policy of a role allows and the boundary does not."""
    return {
        (action, resource)
        for item in deployment.resources_of("iam/rolePolicy:RolePolicy")
        for statement in item.json("policy")["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if not any(
            action in allowed["Action"] and any(fnmatchcase(resource, pattern) for pattern in allowed["Resource"])
            for allowed in document["Statement"]
        )
    }


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_documented_boundary_is_that_of_the_code() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text(Target()), "run: make docs"


def test_the_boundary_allows_what_every_role_may_do_with_every_setting() -> None:
    for name, args in variants().items():
        args = {key: value for key, value in args.items() if key != "name_prefix"}
        own = {"role_path": "protection.role_path", "log_group_prefix": "observability.log_group_prefix"}
        target = replace(HERE, **{field: args[setting] for field, setting in own.items() if setting in args})
        assert lacking(policy(target), deploy(args)) == set(), name


@pytest.mark.parametrize("prefix", ["a" * 44, "a" * 45, "b" * 128])
def test_the_boundary_matches_shortened_names(prefix: str) -> None:
    args = {"name_prefix": prefix, "copying.reuse_seconds": 600}
    assert lacking(policy(replace(HERE, prefix=prefix)), deploy(args)) == set()


def test_the_boundary_allows_no_action_that_no_role_has_and_not_what_other_stacks_own() -> None:
    used = {
        action
        for args in variants().values()
        for item in deploy(args).resources_of("iam/rolePolicy:RolePolicy")
        for statement in item.json("policy")["Statement"]
        for action in as_list(statement["Action"])
    }
    document = policy(HERE)
    assert {action for statement in document["Statement"] for action in statement["Action"]} == used
    assert lacking(policy(replace(HERE, prefix="other-stack")), deploy({})) >= {
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/async-download-test-files-downloads")
    }


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "s3:PutObject", "states:StartExecution", "sts:AssumeRole"])
def test_a_boundary_that_lacks_an_action_is_found(action: str) -> None:
    document = policy(HERE)
    for statement in document["Statement"]:
        statement["Action"] = [item for item in statement["Action"] if item != action]
    assert {item for item, _ in lacking(document, deploy({}))} == {action}


def test_the_boundary_is_valid_and_fits_into_a_managed_policy() -> None:
    assert findings({"boundary": Document("AWS::IAM::RolePolicy", text(Target()))}) == []
    for target in (Target(), replace(Target(), prefix="p" * 128, log_group_prefix="/" + "g" * 255)):
        assert len(json.dumps(policy(target), separators=(",", ":"))) <= MANAGED_POLICY_CHARACTERS


@pytest.mark.security
def test_the_deploying_role_gives_permissions_to_bounded_roles_only() -> None:
    """Without the condition it could make a role without the boundary, and act as that role."""
    condition = {"StringEquals": {"iam:PermissionsBoundary": DEPLOYING.permissions_boundary}}
    giving = {"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePolicy"}
    allowed = {}
    for statement in deploy_policy(DEPLOYING)["Statement"]:
        for action in as_list(statement["Action"]):
            allowed[action] = statement.get("Condition")
    assert {action: allowed[action] for action in giving} == dict.fromkeys(giving, condition)
    assert "iam:DeleteRolePermissionsBoundary" not in allowed
    plain = [item for item in deploy_policy(DeployTarget())["Statement"] if "iam:CreateRole" in as_list(item["Action"])]
    assert ["Condition" in item for item in plain] == [False]


def test_the_commands_of_the_documentation_name_both_documents() -> None:
    page = (REPOSITORY / "docs" / "deploying.md").read_text(encoding="utf-8")
    assert "(permissions-boundary.json)" in page
    assert "tools.permissions_boundary" in page
