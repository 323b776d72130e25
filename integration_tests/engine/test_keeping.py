"""Protected data, and data that is kept when the stage is destroyed."""

from __future__ import annotations

import pytest
from pulumi import automation

from integration_tests.engine.stages import MAX_WAIT_SECONDS, client_of, remains, resources_of
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import remove_config, set_config
from integration_tests.support.journeys.basic import receive_ready

TABLE, BUCKET = "aws:dynamodb/table:Table", "aws:s3/bucket:Bucket"
KEPT = {TABLE, BUCKET, "aws:apigateway/restApi:RestApi", "aws:apigatewayv2/api:Api"}
KEPT_NAMES = ["files-connections", "files-copies", "files-downloads", "files-rest-api", "files-socket-api"]


def test_what_is_protected_is_neither_destroyed_nor_replaced(empty: automation.Stack, cloud: Cloud) -> None:
    set_config(empty, {"protection.protect": "true", "protection.forceDestroy": "false"})
    try:
        empty.up()
        client = client_of(cloud, empty)
        receive_ready.run(client, MAX_WAIT_SECONDS)
        with pytest.raises(automation.CommandError, match="because it is protected"):
            empty.destroy()
        assert sorted(name for kind, name in _left(empty) if kind in KEPT) == KEPT_NAMES

        empty.up()  # creates the unprotected resources again
        assert client_of(cloud, empty).outputs == client.outputs, "also the URLs"
        receive_ready.run(client, MAX_WAIT_SECONDS)

        set_config(empty, {"namePrefix": "another"})  # tables have names of their own, so this would replace them
        with pytest.raises(automation.CommandError, match="protect"):
            empty.preview()
        remove_config(empty, "namePrefix")
        tables = [client.outputs[f"{part}TableName"] for part in ("downloads", "connections")]
        described = [cloud.client("dynamodb").describe_table(TableName=name)["Table"] for name in tables]
        assert [table["DeletionProtectionEnabled"] for table in described] == [True, True]
    finally:
        set_config(empty, {"protection.protect": "false", "protection.forceDestroy": "true"})
        steps = changes_of(empty.up)
    assert {(step.operation, step.type) for step in steps} == {("update", TABLE), ("update", BUCKET)}
    empty.destroy()
    assert _left(empty) == []


def _left(stack: automation.Stack) -> list[tuple[str, str]]:
    """Return type and name of the resources in the state."""
    return [(resource["type"], resource["urn"].rsplit("::", 1)[-1]) for resource in resources_of(stack)]


def test_retained_data_outlives_its_stage(lonely: automation.Stack, lonely_cloud: Cloud) -> None:
    set_config(lonely, {"protection.retainOnDelete": "true", "protection.forceDestroy": "false"})
    lonely.up()
    client = client_of(lonely_cloud, lonely)
    receive_ready.run(client, MAX_WAIT_SECONDS)
    lonely.destroy()

    names = sorted(client.outputs[f"{part}TableName"] for part in ("downloads", "connections"))
    left = remains(lonely_cloud, lonely.name, client.operator.bucket)
    assert set(left) == {"dynamodb", "s3"}
    assert sorted(left["dynamodb"]) == names
    s3 = lonely_cloud.client("s3")
    assert s3.list_objects_v2(Bucket=client.operator.bucket)["KeyCount"] == 1
    blocked = s3.get_public_access_block(Bucket=client.operator.bucket)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    assert s3.get_bucket_lifecycle_configuration(Bucket=client.operator.bucket)["Rules"]
    _remove(lonely_cloud, client.operator.bucket, names)


def _remove(cloud: Cloud, bucket: str, tables: list[str]) -> None:
    """Delete the bucket and the tables."""
    s3 = cloud.client("s3")
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)
    for table in tables:
        cloud.client("dynamodb").delete_table(TableName=table)
