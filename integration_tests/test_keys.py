"""A stack with a customer-managed KMS key."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.journeys import Journey, basic
from integration_tests.support.keys import customer_key
from integration_tests.support.settings import Origins, config_for
from integration_tests.support.stack import Deploy, Stack, unique_path

RESERVED = 4
Keyed = tuple[Stack, str]


@pytest.fixture(scope="module")
def keyed(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[Keyed]:
    """A stack and its key; except on AWS, where the account may lack it, with reserved concurrency."""
    prefix = f"keyed-{secrets.token_hex(4)}"
    with customer_key(cloud, prefix) as key:
        settings: dict[str, Any] = {
            "auth.type": "iam",
            "copying.sliceThresholdMb": 64,
            "namePrefix": prefix,
            "encryption.kmsKeyArn": key,
        }
        settings |= {} if cloud.target is Target.AWS else {"api.reservedConcurrency": RESERVED}
        with deploy("keyed", config_for(cloud, origins, settings)) as stack:
            yield stack, key


@pytest.mark.parametrize(
    "journey",
    [basic.fetch_file, basic.receive_ready_of_a_sliced_copy, basic.receive_failed, basic.cancel_over_rest],
)
def test_a_journey_succeeds_on_a_stack_with_a_customer_key(keyed: Keyed, journey: Journey) -> None:
    journey.run(keyed[0], 10)


@pytest.mark.engine
def test_copies_are_encrypted_with_the_key(keyed: Keyed) -> None:
    stack, key = keyed
    download = stack.client.request(unique_path("10"))
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    head = stack.cloud.client("s3").head_object(Bucket=stack.operator.bucket, Key=stack.operator.object_key(download))
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


@pytest.mark.engine
def test_tables_logs_and_queue_are_encrypted_with_the_key(keyed: Keyed) -> None:
    stack, key = keyed
    for output in ("downloadsTableName", "connectionsTableName"):
        table = stack.cloud.client("dynamodb").describe_table(TableName=stack.outputs[output])["Table"]
        assert table["SSEDescription"]["KMSMasterKeyArn"] == key
    function = stack.operator.function_name("copy")
    configuration = stack.cloud.client("lambda").get_function_configuration(FunctionName=function)
    name = configuration["LoggingConfig"]["LogGroup"]
    groups = stack.cloud.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert {group.get("kmsKeyId") for group in groups} == {key}
    queues = stack.cloud.client("sqs")
    url = queues.get_queue_url(QueueName=function.replace("-copy", "-undelivered"))["QueueUrl"]
    assert queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["KmsMasterKeyId"] == key


def test_the_key_policy_statements_are_an_output(keyed: Keyed) -> None:
    stack, key = keyed
    statements = stack.outputs["keyPolicyStatements"]
    assert [statement["Sid"] for statement in statements] == ["Logs", "LogDelivery", "UndeliveredEvents"]
    assert {statement["Resource"] for statement in statements} == {key}


def test_concurrency_is_reserved_for_requests(keyed: Keyed) -> None:
    stack, _ = keyed
    if stack.cloud.target is Target.AWS:
        pytest.skip(
            "The sandbox account may have fewer than 100 executions to spare: try it by hand with one that has."
        )
    concurrency = stack.cloud.client("lambda").get_function_concurrency(
        FunctionName=stack.operator.function_name("request_download")
    )
    assert concurrency["ReservedConcurrentExecutions"] == RESERVED
