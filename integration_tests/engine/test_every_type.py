"""Two stacks that together have every resource type, created by Pulumi's own engine and then unchanged."""

from __future__ import annotations

import secrets

import pytest

from integration_tests.engine.conftest import Config
from integration_tests.engine.stages import resources_of
from integration_tests.local.test_stand_ins import FULL, OTHER_AUTH, create_web_acl
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.engines import pulumi_stack
from integration_tests.support.errors import MissingError
from local_provider.aws import Aws
from local_provider.resource_types import RESOURCE_TYPES

NOT_ON_THE_EMULATOR = {"aws:cloudwatch/queryDefinition:QueryDefinition"}  # it has no PutQueryDefinition: docs/parity.md


def test_a_preview_after_the_up_finds_no_change(cloud: Cloud, config: Config) -> None:
    if cloud.target is Target.AWS:
        pytest.skip("The settings name a key and a user pool that do not exist: use an emulator.")
    aws = Aws(str(cloud.endpoint), cloud.region, cloud.access_key_id, cloud.secret_access_key)
    types: set[str] = set()
    try:
        for settings in ({**FULL, "api.webAclArn": create_web_acl(aws)}, OTHER_AUTH):
            stack_settings = {**config, "api.webPage": False, **settings, "origins": config["origins"]}
            with pulumi_stack(cloud, f"types-{secrets.token_hex(3)}", stack_settings) as stack:
                stack.up()
                types |= {resource["type"] for resource in resources_of(stack)}
                assert changes_of(stack.preview, expect_no_changes=True) == set()
    except MissingError as missing:
        pytest.skip(str(missing))
    assert types >= RESOURCE_TYPES.keys() - NOT_ON_THE_EMULATOR
