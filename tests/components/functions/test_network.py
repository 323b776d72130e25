"""Copying in a VPC: only functions that connect to origins are in it, and have the permissions for it."""

from __future__ import annotations

import pytest
from async_download.functions import FUNCTIONS

from tests.components.support.harness import Deployment, deploy

SUBNETS, GROUPS = ["subnet-0a1b2c3d", "subnet-0a1b2c3d4e5f60718"], ["sg-0a1b2c3d"]
COPYING = {"copy", "copy_slice"}


@pytest.fixture(scope="module")
def in_vpc() -> Deployment:
    """Deploy a stack whose origins are in a VPC."""
    return deploy({"vpc.subnet_ids": SUBNETS, "vpc.security_group_ids": GROUPS})


@pytest.mark.parametrize("key", FUNCTIONS)
def test_only_functions_that_connect_to_origins_are_in_the_vpc(in_vpc: Deployment, key: str) -> None:
    """In the VPC the others could not reach the API of the sockets."""
    (function,) = [
        f for f in in_vpc.resources_of("lambda/function:Function") if f.inputs["handler"].split(".")[2] == key
    ]
    vpc_config = {"subnetIds": SUBNETS, "securityGroupIds": GROUPS} if key in COPYING else None
    assert function.inputs.get("vpcConfig") == vpc_config


@pytest.mark.parametrize("key", FUNCTIONS)
def test_only_functions_in_the_vpc_may_create_interfaces(in_vpc: Deployment, key: str) -> None:
    """Lambda creates them with the function's role."""
    sids = {statement["Sid"] for statement in in_vpc.statements(key.replace("_", "-"))}
    assert ("Network" in sids) is (key in COPYING)


def test_without_a_vpc_no_function_may_create_interfaces(deployment: Deployment) -> None:
    assert all(
        function.inputs.get("vpcConfig") is None for function in deployment.resources_of("lambda/function:Function")
    )
    assert not any(s["Sid"] == "Network" for key in FUNCTIONS for s in deployment.statements(key.replace("_", "-")))
