"""`revoke` and `cancel`."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from async_download_admin.commands.cancel import cancel
from async_download_admin.commands.revoke import revoke
from async_download_admin.errors import AwsCallError, DownloadError
from async_download_admin.stack import Stack

from admin.tests.support.fake_aws import ARN, ID, PREFIX, FakeAws, refusal
from runtime.adapters import tables
from runtime.adapters.downloads import DynamoDownloads

REFUSED = refusal("ConditionalCheckFailedException", "The conditional request failed")
STARTED = {"StatusCode": 202, "Payload": io.BytesIO(b"")}


@pytest.fixture
def answers(aws: FakeAws) -> dict[str, Any]:
    """Answers for a download that is copied."""
    aws.answers |= {
        "dynamodb.UpdateItem": {},
        "stepfunctions.StopExecution": {},
        "lambda.Invoke": STARTED,
    }
    return aws.answers


def test_a_revocation_is_one_conditional_update(answers: dict[str, Any], stack: Stack, aws: FakeAws) -> None:
    former = {"ticketHashes": {"L": [{"S": "a" * 64}, {"S": "b" * 64}]}, "connectionIds": {"SS": ["x="]}}
    answers["dynamodb.UpdateItem"] = {"Attributes": former}
    result = revoke(stack, ID)
    assert isinstance(result.content, dict)
    assert (result.content["tickets"], result.content["connections"]) == (2, 1)
    assert "a" * 64 not in result.text + json.dumps(result.content)
    (update,) = aws.parameters("dynamodb.UpdateItem")
    assert update["Key"] == {"executionArn": {"S": ARN}}
    assert update["ConditionExpression"] == "attribute_exists(#executionArn)"


def test_a_download_without_an_item_is_not_revoked(answers: dict[str, Any], stack: Stack) -> None:
    answers["dynamodb.UpdateItem"] = REFUSED
    with pytest.raises(DownloadError, match="There is no item") as refused:
        revoke(stack, ARN)
    assert refused.value.code == "NOT_FOUND"


def test_another_error_of_an_update_is_raised(answers: dict[str, Any], stack: Stack) -> None:
    answers["dynamodb.UpdateItem"] = refusal("ThrottlingException")
    for command in (revoke, cancel):
        with pytest.raises(AwsCallError, match="ThrottlingException"):
            command(stack, ID)


def test_a_cancel_writes_the_item_first_then_stops_and_cleans_up(
    answers: dict[str, Any], stack: Stack, aws: FakeAws
) -> None:
    assert cancel(stack, ID).exit_code == 0
    assert aws.names == ["dynamodb.UpdateItem", "stepfunctions.StopExecution", "lambda.Invoke"]
    (call,) = aws.parameters("lambda.Invoke")
    assert (call["FunctionName"], call["InvocationType"]) == (f"{PREFIX}-fail", "Event")
    assert json.loads(call["Payload"]) == {"executionArn": ARN}
    assert answers


@pytest.mark.usefixtures("answers")
def test_a_cancel_writes_what_the_functions_write(stack: Stack, aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tables, "send", lambda _operation, **parameters: sent.append(parameters))
    DynamoDownloads(stack.outputs.downloads_table_name).cancel(ARN, now=0.0)
    cancel(stack, ID)
    (update,) = aws.parameters("dynamodb.UpdateItem")
    update["ExpressionAttributeValues"][":updatedAt"] = {"S": "1970-01-01T00:00:00.000Z"}
    assert update == sent[0]


@pytest.mark.parametrize("status", ["READY", "FAILED"])
def test_a_download_that_has_ended_is_not_cancelled(
    answers: dict[str, Any], stack: Stack, aws: FakeAws, status: str
) -> None:
    answers |= {"dynamodb.UpdateItem": REFUSED, "dynamodb.GetItem": {"Item": {"status": {"S": status}}}}
    with pytest.raises(DownloadError, match=f"it is {status}") as refused:
        cancel(stack, ID)
    assert refused.value.code == "DOWNLOAD_FINISHED"
    assert "stepfunctions.StopExecution" not in aws.names


def test_an_unknown_download_is_not_cancelled(answers: dict[str, Any], stack: Stack) -> None:
    answers |= {"dynamodb.UpdateItem": REFUSED, "dynamodb.GetItem": {}}
    with pytest.raises(DownloadError, match="never existed"):
        cancel(stack, ID)


@pytest.mark.parametrize(("item", "is_done"), [({}, False), ({"notifiedAt": {"S": "2026-11-29T03:40:08Z"}}, True)])
def test_a_second_cancel_continues_an_interrupted_one(
    answers: dict[str, Any], stack: Stack, aws: FakeAws, item: dict[str, Any], is_done: bool
) -> None:
    answers |= {"dynamodb.UpdateItem": REFUSED, "dynamodb.GetItem": {"Item": {"status": {"S": "CANCELLED"}, **item}}}
    assert cancel(stack, ID).exit_code == 0
    assert ("lambda.Invoke" in aws.names) is not is_done


def test_a_cancel_without_an_execution_cleans_up(answers: dict[str, Any], stack: Stack, aws: FakeAws) -> None:
    answers["stepfunctions.StopExecution"] = refusal("ExecutionDoesNotExist")
    cancel(stack, ID)
    assert aws.names[-1] == "lambda.Invoke"
    answers["stepfunctions.StopExecution"] = refusal("ThrottlingException")
    with pytest.raises(AwsCallError):
        cancel(stack, ID)
