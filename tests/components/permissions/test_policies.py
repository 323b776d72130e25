"""Rules for every policy: names, wildcards, conditions, partitions. test_least_privilege.py has the permissions."""

from __future__ import annotations

import json

from tests.components.support.harness import Cloud, Deployment, RegisteredResource, deploy
from tests.components.support.service_permissions import allowed_permissions

PREFIX = "async-download-test-files"
SIGNER = f"arn:aws:iam::123456789012:role/{PREFIX}-signer"


def test_statements_allow_and_only_two_kinds_have_conditions(deployment: Deployment) -> None:
    """The kinds: listing below the prefix, and updates of some attributes (test_update_attributes.py)."""
    for policy in deployment.resources_of("iam/rolePolicy:RolePolicy"):
        for statement in policy.json("policy")["Statement"]:
            listing = {"Condition": {"StringLike": {"s3:prefix": "downloads/*"}}}
            condition = listing if statement["Action"] == "s3:ListBucket" else {}
            if policy.name in ("files-connect-policy", "files-disconnect-policy") and statement["Sid"] == "Downloads":
                condition = {"Condition": statement["Condition"]}
            assert (
                statement
                == {key: statement[key] for key in ("Sid", "Action", "Resource")} | {"Effect": "Allow"} | condition
            )


def documents(deployment: Deployment) -> list[tuple[RegisteredResource, str]]:
    keys = ("policy", "assumeRolePolicy", "eventPattern", "definition")
    return [(item, item.inputs[key]) for item in deployment.custom for key in keys if key in item.inputs]


def test_wildcards_are_used_only_for_actions_without_resources(deployment: Deployment) -> None:
    everywhere = {"logs", "xray"}
    for policy in deployment.resources_of("iam/rolePolicy:RolePolicy"):
        for action, resource in allowed_permissions(policy.json("policy")["Statement"]):
            assert "*" not in action, policy.name
            if resource == "*":
                assert action.split(":")[0] in everywhere, (policy.name, action)
            if resource == "*" and action.startswith("logs:"):
                assert policy.name.endswith("transfer-policy")


def test_every_statement_has_a_name_of_its_own(deployment: Deployment) -> None:
    for policy in deployment.resources_of("iam/rolePolicy:RolePolicy"):
        sids = [statement["Sid"] for statement in policy.json("policy")["Statement"]]
        assert len(sids) == len(set(sids)), policy.name


def test_partition_and_suffix_are_the_providers() -> None:
    cloud = Cloud(partition="aws-cn", suffix="amazonaws.com.cn", region="cn-north-1")
    for args in ({}, {"storage.bucket": "reports", "observability.manage_api_gateway_account": True}):
        deployment = deploy(args, cloud=cloud)
        for resource, text in documents(deployment):
            assert "arn:aws:" not in text, resource.name
        for resource in deployment.custom:
            plain = {key: value for key, value in resource.inputs.items() if key != "code"}
            assert "arn:aws:" not in json.dumps(plain), resource.name
        (outputs,) = deployment.component_outputs.values()
        assert outputs["apiUrl"] == "https://rest123.execute-api.cn-north-1.amazonaws.com.cn/v1"
