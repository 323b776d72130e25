"""Bucket and tables: private, encrypted, with objects and items that expire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from async_download import InvalidSetting

from tests.components.support.harness import Deployment, deploy

BUCKET = "files-copies-1234567"
ARN = f"arn:aws:s3:::{BUCKET}"


def policy(deployment: Deployment) -> dict[str, dict[str, Any]]:
    return {
        item["Sid"]: item for item in deployment.resource("s3/bucketPolicy:BucketPolicy").json("policy")["Statement"]
    }


def test_nothing_in_the_bucket_is_public(deployment: Deployment) -> None:
    blocked = deployment.resource("s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert [blocked[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls")] == [True] * 3
    assert blocked["restrictPublicBuckets"] is True
    owner = deployment.resource("s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_plain_http_is_refused_unless_the_stack_allows_it(deployment: Deployment) -> None:
    plain = policy(deployment)["PlainHttp"]
    assert plain["Effect"] == "Deny"
    assert plain["Resource"] == [ARN, f"{ARN}/*"]
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert set(policy(deploy({"encryption.tls_only": False}))) == {"ForeignReaders", "OldSignatures"}


DATA = ["files-connections", "files-copies", "files-downloads"]


def test_data_and_urls_are_protected_on_request(deployment: Deployment) -> None:
    protected = deploy({"protection.protect": True, "api.cors_origins": ["https://app.example.com"]})
    assert sorted(item.name for item in protected.custom if item.protect) == sorted(
        [*DATA, "files-rest-api", "files-socket-api"]
    )
    assert [table.inputs["deletionProtectionEnabled"] for table in protected.resources_of("dynamodb/table:Table")] == [
        True
    ] * 2
    assert not any(item.protect for item in deployment.resources)
    assert {table.inputs["deletionProtectionEnabled"] for table in deployment.resources_of("dynamodb/table:Table")} == {
        False
    }


def test_data_and_the_configuration_of_its_bucket_are_retained_on_request(deployment: Deployment) -> None:
    """A CORS rule holds no data: it is deleted with the stack."""
    kept = deploy({"protection.retain_on_delete": True, "api.cors_origins": ["https://app.example.com"]})
    safe = [f"files-copies-{part}" for part in ("encryption", "lifecycle", "owner", "policy", "private")]
    assert sorted(item.name for item in kept.custom if item.retain_on_delete) == sorted([*DATA, *safe])
    assert not any(item.retain_on_delete for item in deployment.resources)


@pytest.mark.parametrize("keeping", ["protection.protect", "protection.retain_on_delete"])
def test_force_destroy_cannot_be_combined_with_keeping_data(keeping: str) -> None:
    with pytest.raises(InvalidSetting, match=r"protection.forceDestroy. is True.*false with protect"):
        deploy({"protection.force_destroy": True, keeping: True}, fresh=True)


def test_the_rules_for_an_existing_bucket_equal_those_of_a_created_one(deployment: Deployment) -> None:
    (ours,) = deployment.component_outputs.values()
    (existing,) = deploy({"storage.bucket": BUCKET}).component_outputs.values()
    assert existing["bucketRules"] == ours["bucketRules"]
    assert existing["bucketRules"]["policyStatements"] == list(policy(deployment).values())
    rule = existing["bucketRules"]["lifecycleRule"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert rule["Expiration"] == {"Days": 7}
    assert rule["Filter"] == {"Prefix": "downloads/"}
    assert json.dumps(existing["bucketRules"])


@pytest.mark.parametrize(
    "args", [{}, {"copying.reuse_seconds": 600, "protection.point_in_time_recovery": True, "protection.protect": True}]
)
def test_a_table_without_a_key_of_the_customers_uses_the_free_key_that_aws_owns(args: dict[str, Any]) -> None:
    """`enabled` without an ARN is the AWS-managed key, billed; left out, a table keeps the key that it has."""
    tables = deploy(args).resources_of("dynamodb/table:Table")
    assert {json.dumps(table.inputs["serverSideEncryption"]) for table in tables} == {'{"enabled": false}'}


def test_no_option_with_an_extra_charge_is_on_by_default(deployment: Deployment) -> None:
    """AWS charges for these options in addition to the use of the resource."""
    assert deployment.resource("sqs/queue:Queue").inputs["sqsManagedSseEnabled"] is True
    assert "kmsMasterKeyId" not in deployment.resource("sqs/queue:Queue").inputs
    assert not deployment.resource("apigateway/methodSettings:MethodSettings").inputs["settings"].get("metricsEnabled")
    assert not deployment.resource("apigateway/stage:Stage").inputs.get("cacheClusterEnabled")
    assert (
        not deployment.resource("apigatewayv2/stage:Stage").inputs["defaultRouteSettings"].get("detailedMetricsEnabled")
    )
    for function in deployment.resources_of("lambda/function:Function"):
        assert not {"snapStart", "ephemeralStorage", "kmsKeyArn"} & set(function.inputs)
    for table in deployment.resources_of("dynamodb/table:Table"):
        assert not {"streamEnabled", "replicas", "tableClass"} & set(table.inputs)
    assert not any("kmsKeyId" in group.inputs for group in deployment.resources_of("cloudwatch/logGroup:LogGroup"))
