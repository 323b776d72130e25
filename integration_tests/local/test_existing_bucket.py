"""The program with an existing bucket, on the emulator: in the stack's region, in another, and nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from local_provider.errors import DeployError
from localcloud.emulator import Emulator
from localcloud.program import deploy
from localcloud.stack import LOCAL_CONFIG

ORIGINS = {"local": {"baseUrl": "http://127.0.0.1:9/", "allowHttp": True}}
HERE, THERE = "reports-here", "reports-there"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator with a bucket in its region and one in another."""
    with Emulator() as running:
        running.aws().client("s3").create_bucket(Bucket=HERE)
        constraint = {"LocationConstraint": "eu-west-1"}
        there = replace(running.aws(), region="eu-west-1").client("s3")
        there.create_bucket(Bucket=THERE, CreateBucketConfiguration=constraint)
        yield running


def config(bucket: str) -> dict[str, object]:
    """Settings of a stack that copies into an existing bucket."""
    return {**LOCAL_CONFIG, "origins": ORIGINS, "storage.bucket": bucket}


def test_a_bucket_in_the_stacks_region_is_used(emulator: Emulator) -> None:
    deployment = deploy(emulator, config=config(HERE))
    assert deployment.outputs["bucketName"] == HERE
    deployment.destroy()
    assert emulator.aws().client("s3").head_bucket(Bucket=HERE)["BucketRegion"] == emulator.region


@pytest.mark.parametrize(("bucket", "reason"), [(THERE, "StatusCode: 301"), ("reports-nowhere", "StatusCode: 404")])
def test_another_bucket_is_refused_before_anything_is_created(emulator: Emulator, bucket: str, reason: str) -> None:
    with pytest.raises(DeployError, match=rf"bucket is '{bucket}'.*a bucket in us-east-1, .*{reason}"):
        deploy(emulator, config=config(bucket))
    assert emulator.aws().client("dynamodb").list_tables()["TableNames"] == []
