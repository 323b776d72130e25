"""The policy of the deploying role: complete, made of actions that exist, and no wider than the stack's names."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.components.support.cloudformation import Document, findings
from tests.components.support.harness import RegisteredResource, deploy
from tests.components.support.variants import variants
from tools.deploy_grants import GRANTS
from tools.deploy_permissions import DOCUMENT, EXAMPLE, Target, policy, text

MANAGED_POLICY_CHARACTERS = 6144  # white space does not count
ROLE_INLINE_CHARACTERS = 10_240
UNSCOPED = {  # actions that have no resources, of AWS's own list
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "logs:*QueryDefinition*",
    "logs:DescribeLogGroups",
    "states:ValidateStateMachineDefinition",
}
NAMED = {  # service in an ARN -> input that holds the name
    "cloudwatch": ("cloudwatch/metricAlarm:MetricAlarm", "alarm:{}"),
    "dynamodb": ("dynamodb/table:Table", "table/{}"),
    "events": ("cloudwatch/eventRule:EventRule", "rule/{}"),
    "lambda": ("lambda/function:Function", "function:{}"),
    "logs": ("cloudwatch/logGroup:LogGroup", "log-group:{}"),
    "sqs": ("sqs/queue:Queue", "{}"),
    "states": ("sfn/stateMachine:StateMachine", "stateMachine:{}"),
}
DASHBOARD = "cloudwatch/dashboard:Dashboard"
HERE = Target(account="123456789012", region="eu-west-1", prefix="async-download-test-files")


@pytest.fixture(scope="module")
def registered() -> list[RegisteredResource]:
    """Return the resources of all variants."""
    return [item for args in variants().values() for item in deploy(args).custom]


def size(document: dict[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def resources_of(target: Target, service: str) -> list[str]:
    """Return the resource patterns of the policy for a service."""
    resources = [resource for item in policy(target)["Statement"] for resource in as_list(item["Resource"])]
    return [resource for resource in resources if resource.startswith(f"arn:aws:{service}:")]


def test_the_document_is_that_of_the_code() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text(EXAMPLE), "run: make docs"


def test_each_registered_type_has_its_permissions_and_no_other_type_has(registered: list[RegisteredResource]) -> None:
    """A new type of resource needs an entry in tools/deploy_grants.py."""
    assert {item.type for item in registered} == set(GRANTS)


@pytest.mark.parametrize("target", [HERE, EXAMPLE], ids=["plain", "with everything optional"])
def test_actions_exist_and_have_the_resources_that_they_are_allowed_on(target: Target) -> None:
    document = Document("AWS::IAM::RolePolicy", json.dumps(policy(target)))
    assert findings({"deploying role": document}) == []


@pytest.mark.parametrize(("action", "rule"), [("s3:PutBucketEncryption", "W3037"), ("sqs:CreateQueue", "I3510")])
def test_an_action_that_does_not_exist_or_has_other_resources_would_be_found(action: str, rule: str) -> None:
    """PutBucketEncryption is an API call whose permission has another name."""
    document = policy(HERE)
    (rows,) = [item for item in document["Statement"] if "dynamodb:CreateTable" in item["Action"]]
    rows["Action"] = [*rows["Action"], action]
    document_findings = findings({"deploying role": Document("AWS::IAM::RolePolicy", json.dumps(document))})
    assert rule in {finding.rule for finding in document_findings}


def test_only_actions_without_resources_are_allowed_on_everything() -> None:
    wide = [item for item in policy(EXAMPLE)["Statement"] if "*" in as_list(item["Resource"])]
    assert {action for item in wide for action in as_list(item["Action"])} == UNSCOPED


def test_roles_are_passed_to_the_services_that_take_them_and_to_no_other(registered: list[RegisteredResource]) -> None:
    (passing,) = [item for item in policy(EXAMPLE)["Statement"] if "iam:PassRole" in as_list(item["Action"])]
    assert passing["Action"] == "iam:PassRole"
    trusts = [item.json("assumeRolePolicy") for item in registered if item.type == "aws:iam/role:Role"]
    principals = [statement["Principal"] for trust in trusts for statement in trust["Statement"]]
    services = {principal["Service"] for principal in principals if "Service" in principal}
    assert set(passing["Condition"]["StringEquals"]["iam:PassedToService"]) == services


@pytest.mark.parametrize("prefix", ["async-download-test-files", "a" * 44, "a" * 45, "b" * 128])
def test_every_name_matches_whatever_the_prefix(prefix: str) -> None:
    """Long prefixes are shortened, in each name as far as it has to be."""
    deployment = deploy(
        {
            "name_prefix": prefix,
            "copying.reuse_seconds": 600,
            "observability.access_logs": True,
            "observability.alarms.topic_arn": "arn:aws:sns:eu-west-1:123456789012:operators",
            "observability.dashboard": True,
            "api.web_page": True,
            "auth.type": "none",
        }
    )
    target = replace(HERE, prefix=prefix)
    for service, (kind, form) in NAMED.items():
        items = deployment.resources_of(kind)
        assert items, kind
        for item in items:
            arn = f"arn:aws:{service}:eu-west-1:123456789012:{form.format(item.inputs['name'])}"
            assert any(fnmatchcase(arn, pattern) for pattern in resources_of(target, service)), arn
    dashboard = f"arn:aws:cloudwatch::123456789012:dashboard/{deployment.resource(DASHBOARD).inputs['dashboardName']}"
    assert any(fnmatchcase(dashboard, pattern) for pattern in resources_of(target, "cloudwatch")), dashboard
    for role in deployment.resources_of("iam/role:Role"):
        arn = f"arn:aws:iam::123456789012:role/{role.inputs['name']}"
        assert any(fnmatchcase(arn, pattern) for pattern in resources_of(target, "iam")), arn


@pytest.mark.parametrize("name", ["files", "Files_Of_Ours", "f" * 80])
def test_the_buckets_name_matches_whatever_the_components(name: str) -> None:
    bucket = deploy({}, name=name).resource("s3/bucket:Bucket")
    patterns = resources_of(replace(HERE, component=name), "s3")
    assert any(fnmatchcase(f"arn:aws:s3:::{bucket.name}-1a2b3c4", pattern) for pattern in patterns)
    assert not any(fnmatchcase("arn:aws:s3:::another-bucket", pattern) for pattern in patterns)


def test_another_stacks_names_do_not_match() -> None:
    for service in (*NAMED, "iam"):
        for pattern in resources_of(HERE, service):
            assert "async-download-test-files-" in pattern or "aws-service-role" in pattern, pattern


def test_role_path_and_log_groups_follow_the_settings() -> None:
    args = {"protection.role_path": "/company/files/", "observability.log_group_prefix": "/company/logs"}
    target = replace(HERE, role_path="/company/files/", log_group_prefix="/company/logs")
    deployment = deploy(args | {"observability.access_logs": True})
    for group in deployment.resources_of("cloudwatch/logGroup:LogGroup"):
        arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group.inputs['name']}"
        assert any(fnmatchcase(arn, pattern) for pattern in resources_of(target, "logs")), arn
        assert not any(fnmatchcase(arn, pattern) for pattern in resources_of(HERE, "logs")), arn
    for role in deployment.resources_of("iam/role:Role"):
        arn = f"arn:aws:iam::123456789012:role{role.inputs['path']}{role.inputs['name']}"
        assert any(fnmatchcase(arn, pattern) for pattern in resources_of(target, "iam")), arn
        assert not any(fnmatchcase(arn, pattern) for pattern in resources_of(HERE, "iam")), arn


def test_the_policy_fits_where_it_has_to_be_put() -> None:
    """It fits in an inline policy of a role with everything optional, and in a managed policy without."""
    assert size(policy(Target())) <= MANAGED_POLICY_CHARACTERS
    for prefix in (EXAMPLE.prefix, "p" * 128):
        assert size(policy(replace(EXAMPLE, prefix=prefix))) <= ROLE_INLINE_CHARACTERS
