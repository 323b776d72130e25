"""An existing bucket, on Pulumi's own engine."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pulumi
import pytest
from pulumi import automation

from integration_tests.engine.conftest import Config
from integration_tests.engine.stages import resources_of
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.engines import set_config
from integration_tests.support.pulumi_cli import install_component
from local_provider.aws import Aws
from localcloud.config import nested

OTHER = "eu-west-1"


@pytest.fixture
def elsewhere(cloud: Cloud) -> Iterator[str]:
    """A bucket in another region."""
    if cloud.target is Target.AWS:
        pytest.skip("It would create a bucket in a second region of the account; run it against an emulator.")
    name = f"reports-{secrets.token_hex(4)}"
    client = Aws(str(cloud.endpoint), OTHER, cloud.access_key_id, cloud.secret_access_key).client("s3")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": OTHER})
    yield name
    client.delete_bucket(Bucket=name)


def test_a_bucket_in_another_region_is_refused_by_preview_and_up(
    empty: automation.Stack, cloud: Cloud, elsewhere: str
) -> None:
    set_config(empty, {"storage.bucket": elsewhere})
    refusal = f"bucket is '{elsewhere}', which is not allowed: a bucket in {cloud.region}, the region of the stack"
    for step in (empty.preview, empty.up):
        with pytest.raises(automation.CommandError, match=refusal):
            step()
    assert [resource["type"] for resource in resources_of(empty) if resource["type"].startswith("aws:")] == []


def test_a_bucket_in_the_stacks_region_is_used_and_kept(empty: automation.Stack, cloud: Cloud) -> None:
    name = f"reports-{secrets.token_hex(4)}"
    cloud.client("s3").create_bucket(Bucket=name)
    set_config(empty, {"storage.bucket": name})
    empty.preview()
    assert empty.up().outputs["bucketName"].value == name
    assert changes_of(empty.up) == set()
    empty.destroy()
    cloud.client("s3").delete_bucket(Bucket=name)


def remote(config: Config, bucket: str, version: str) -> Callable[[], None]:
    """A program that uses the component as a plugin, as programs in other languages do."""

    def program() -> None:
        options = pulumi.ResourceOptions(version=version)
        settings: pulumi.Inputs = nested({**config, "storage.bucket": bucket})
        pulumi.ComponentResource("async-download:index:AsyncDownload", "files", settings, options, remote=True)

    return program


def test_the_plugin_looks_a_bucket_up_too(
    empty: automation.Stack, cloud: Cloud, config: Config, elsewhere: str
) -> None:
    here, version = f"reports-{secrets.token_hex(4)}", install_component(empty)
    cloud.client("s3").create_bucket(Bucket=here)
    empty.workspace.program = remote(config, here, version)
    assert empty.preview().change_summary[automation.OpType.CREATE] > 100
    empty.workspace.program = remote(config, elsewhere, version)
    with pytest.raises(
        automation.CommandError, match=f"storage.bucket is '{elsewhere}', which is not allowed: a bucket in"
    ):
        empty.preview()
    cloud.client("s3").delete_bucket(Bucket=here)
