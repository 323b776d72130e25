"""A stack under the rules of a company's account: roles with a path and a permissions boundary, own names of logs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest

from integration_tests.support.clouds import Cloud
from integration_tests.support.journeys.basic import receive_failed, receive_ready
from integration_tests.support.settings import Origins, config_for
from integration_tests.support.stack import Deploy, Stack, unique_path
from tools.permissions_boundary import Target, policy

MAX_WAIT_SECONDS = 30
PATH, LOGS = "/company/files/", "/company/files"


@pytest.fixture(scope="module")
def boundary(cloud: Cloud) -> Iterator[str]:
    """A policy that allows what docs/permissions-boundary.json does, for stacks of any name."""
    iam, account = cloud.client("iam"), cloud.client("sts").get_caller_identity()["Account"]
    here = Target(account=account, region=cloud.region, prefix="*", role_path=PATH, log_group_prefix=LOGS)
    name, document = f"boundary-{secrets.token_hex(3)}", json.dumps(policy(here))
    arn = iam.create_policy(PolicyName=name, Path=PATH, PolicyDocument=document)["Policy"]["Arn"]
    yield arn
    iam.delete_policy(PolicyArn=arn)


@pytest.fixture(scope="module")
def company_stack(cloud: Cloud, origins: Origins, deploy: Deploy, boundary: str) -> Iterator[Stack]:
    """A stack whose roles have the boundary and the path."""
    settings = {
        "auth.type": "iam",
        "copying.sliceThresholdMb": 64,
        "observability.logGroupPrefix": LOGS,
        "protection.permissionsBoundaryArn": boundary,
        "protection.rolePath": PATH,
    }
    with deploy("company", config_for(cloud, origins, settings)) as deployment:
        yield deployment


@pytest.mark.engine
def test_a_stack_works_within_the_documented_boundary(company_stack: Stack, boundary: str) -> None:
    receive_ready.run(company_stack, MAX_WAIT_SECONDS)
    receive_failed.run(company_stack, MAX_WAIT_SECONDS)
    iam = company_stack.cloud.client("iam")
    for name in company_stack.outputs["functionNames"].values():
        role = iam.get_role(RoleName=name)["Role"]
        assert role["Path"] == PATH
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_a_large_file_is_copied_within_the_boundary(company_stack: Stack) -> None:
    download = company_stack.client.request(unique_path("70MB"))
    assert company_stack.client.fetch_when_ready(download, 60).size == 70_000_000


def test_log_groups_have_the_companys_prefix(company_stack: Stack) -> None:
    logs = company_stack.cloud.client("logs")
    names = company_stack.outputs["functionNames"].values()
    groups = {
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"{LOGS}/")
        for group in page["logGroups"]
    }
    assert {f"{LOGS}/{name}" for name in names} <= groups
    assert not logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/company")["logGroups"]
