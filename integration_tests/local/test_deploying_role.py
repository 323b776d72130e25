"""Deployment with the documented policy and no other permissions; the emulator enforces IAM.

What the official provider calls beyond the stand-in, such as reading each setting of a bucket, is not shown here, nor
is iam:PassRole, which the emulator does not ask for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pulumi.provider.experimental import provider as api

from integration_tests.local.changed import CHANGED, KEY
from integration_tests.local.test_stand_ins import FULL, ORIGINS, OTHER_AUTH, aws_resources, read, updated, wire
from integration_tests.support.clouds import Cloud, Target
from local_provider.aws import Aws
from local_provider.engine import Deployment
from local_provider.errors import DeployError
from local_provider.provider import AwsProvider
from localcloud.emulator import Emulator
from localcloud.program import deploy
from localcloud.stack import LOCAL_CONFIG
from tools.deploy_permissions import Document, policy
from tools.deploy_permissions import Target as Permissions

EXISTING = "reports-existing"
WITHOUT_RESOURCE = {  # AWS has one for each: the alarm, the dashboard, the function, the rule, the table, the machine
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DeleteDashboards",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetDashboard",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutDashboard",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
    "dynamodb:ListTagsOfResource",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "events:DeleteRule",
    "events:DescribeRule",
    "events:ListTagsForResource",
    "events:ListTargetsByRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "lambda:CreateFunction",
    "states:ListTagsForResource",
}
FIELDS = {
    "log_group_prefix": "observability.logGroupPrefix",
    "permissions_boundary": "protection.permissionsBoundaryArn",
    "role_path": "protection.rolePath",
}
"""Field of the policy's target -> setting that it follows."""
MONITORED: dict[str, object] = {name: value for name, value in FULL.items() if "alarms" in name or "dashboard" in name}
STACKS: dict[str, dict[str, object]] = {
    "full": {
        **FULL,
        "copying.reuseSeconds": 600,
        "vpc.subnetIds": ["subnet-01234567"],
        "vpc.securityGroupIds": ["sg-01234567"],
    },
    "other-auth": OTHER_AUTH,
    "existing": {"origins": ORIGINS, "storage.bucket": EXISTING},
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator with an existing bucket."""
    with Emulator() as running:
        running.aws().client("s3").create_bucket(Bucket=EXISTING)
        yield running


def permissions(emulator: Emulator, stack: str) -> Document:
    """The policy as documented, for a stack of this program on the emulator."""
    here = Permissions(region=emulator.region, account=emulator.aws().account)
    fields = {name: str(STACKS.get(stack, {}).get(setting, getattr(here, name))) for name, setting in FIELDS.items()}
    document = policy(
        replace(here, prefix=f"async-download-{stack}-files", key=KEY, existing_bucket=EXISTING, **fields)
    )
    statements = [_in_emulator(item, fields["role_path"]) for item in document["Statement"]]
    return {**document, "Statement": [*statements, *emulators_own(document)]}


def _in_emulator(statement: dict[str, Any], role_path: str) -> dict[str, Any]:
    """Return a statement as the emulator can check it: it knows no boundary in a condition, and no path in an ARN."""
    bounded = "iam:PermissionsBoundary" in str(statement.get("Condition"))
    kept = {name: value for name, value in statement.items() if name != "Condition" or not bounded}
    return json.loads(json.dumps(kept).replace(f":role{role_path}", ":role/"))  # type: ignore[no-any-return]


def emulators_own(document: Document) -> list[dict[str, Any]]:
    """Allow on everything, of the policy's actions, those whose resource the emulator does not make out."""
    allowed = {action for item in document["Statement"] for action in item["Action"]}
    assert allowed >= WITHOUT_RESOURCE
    return [{"Effect": "Allow", "Action": sorted(WITHOUT_RESOURCE), "Resource": "*"}]


@contextmanager
def deployer(emulator: Emulator, document: Document) -> Iterator[Cloud]:
    """The emulator, with the keys of a user who has one policy."""
    iam = emulator.aws().client("iam")
    iam.create_user(UserName="deployer")
    arn = iam.create_policy(PolicyName="deploys", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="deployer", PolicyArn=arn)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    try:
        yield Cloud(
            Target.EMULATOR,
            emulator.region,
            emulator.endpoint,
            access_key_id=key["AccessKeyId"],
            secret_access_key=key["SecretAccessKey"],
        )
    finally:
        iam.delete_access_key(UserName="deployer", AccessKeyId=key["AccessKeyId"])
        iam.detach_user_policy(UserName="deployer", PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)
        iam.delete_user(UserName="deployer")


def fill(emulator: Emulator, bucket: str) -> None:
    """Leave an object and an unfinished upload in a bucket."""
    s3 = emulator.aws().client("s3")
    s3.put_object(Bucket=bucket, Key="downloads/a", Body=b"a")
    s3.create_multipart_upload(Bucket=bucket, Key="downloads/b")


def change_and_read(cloud: Cloud, deployment: Deployment) -> None:
    """Change each type of resource in place and back, and read each resource; no boundary may be changed."""
    provider = AwsProvider(Aws(str(cloud.endpoint), cloud.region, cloud.access_key_id, cloud.secret_access_key))
    items = aws_resources([deployment])
    for item in {item.type: item for item in items}.values():
        if item.type in CHANGED:
            changed = {name: value for name, value in CHANGED[item.type].items() if name != "permissionsBoundary"}
            after = updated(provider, item, wire(item.outputs), {**item.inputs, **changed})
            request = api.UpdateRequest(item.urn, item.id, after.properties or {}, wire(item.inputs), 0, [], False)
            provider.update(request)
    assert all(read(provider, item, item.outputs).resource_id for item in items)


@pytest.mark.parametrize("stack", list(STACKS))
def test_the_policy_suffices_to_deploy_update_read_and_destroy(emulator: Emulator, stack: str) -> None:
    with deployer(emulator, permissions(emulator, stack)) as cloud:
        deployment = deploy(cloud, stack=stack, config={**LOCAL_CONFIG, **STACKS[stack]})
        change_and_read(cloud, deployment)
        if deployment.outputs["bucketName"] != EXISTING:
            fill(emulator, deployment.outputs["bucketName"])
        deployment.destroy()


def without(document: Document, service: str) -> Document:
    """The policy without the actions of a service."""
    kept = []
    for item in document["Statement"]:
        actions = [item["Action"]] if isinstance(item["Action"], str) else item["Action"]
        kept.append({**item, "Action": [action for action in actions if not action.startswith(f"{service}:")]})
    assert kept != document["Statement"]
    return {**document, "Statement": [item for item in kept if item["Action"]]}


@pytest.mark.parametrize(
    "service", ["apigateway", "cloudwatch", "dynamodb", "events", "iam", "lambda", "logs", "s3", "sqs", "states"]
)
def test_a_permission_that_is_missing_is_missed(emulator: Emulator, service: str) -> None:
    """The deployment fails without one service's permissions, and its resources can be removed."""
    document = without(permissions(emulator, "local"), service)
    with deployer(emulator, document) as cloud, pytest.raises(DeployError, match=f"to perform: {service}:"):
        deploy(cloud, config={**LOCAL_CONFIG, "origins": ORIGINS, **MONITORED})
    iam = emulator.aws().client("iam")
    assert [role["RoleName"] for role in iam.list_roles()["Roles"] if "local-files" in role["RoleName"]] == []


def test_another_stacks_resources_are_refused(emulator: Emulator) -> None:
    with (
        deployer(emulator, permissions(emulator, "prod")) as cloud,
        pytest.raises(DeployError, match="is not authorized to perform"),
    ):
        deploy(cloud, config={**LOCAL_CONFIG, "origins": ORIGINS})
