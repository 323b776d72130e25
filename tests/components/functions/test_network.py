"""Copying in a VPC."""

from __future__ import annotations

from tests.components.support.harness import deploy

SUBNETS, GROUPS = ["subnet-0a1b2c3d", "subnet-0a1b2c3d4e5f60718"], ["sg-0a1b2c3d"]


def test_only_functions_that_connect_to_origins_are_in_the_vpc() -> None:
    """In the VPC the others could not reach the API of the sockets. test_least_privilege.py has the permissions."""
    deployment = deploy({"vpc.subnet_ids": SUBNETS, "vpc.security_group_ids": GROUPS})
    networks = {
        item.inputs["handler"].split(".")[2]: item.inputs["vpcConfig"]
        for item in deployment.resources_of("lambda/function:Function")
        if item.inputs.get("vpcConfig")
    }
    assert networks == {key: {"subnetIds": SUBNETS, "securityGroupIds": GROUPS} for key in ("copy", "copy_slice")}
