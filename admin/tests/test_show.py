"""`show`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from async_download_admin.commands.show import show
from async_download_admin.errors import DownloadError, WrongStackError
from async_download_admin.stack import Stack

from admin.tests.support.fake_aws import ARN, ID, MACHINE, PREFIX, FakeAws, refusal

HASH = "160ccbf2c44739a0569ec3d5c12c37bc31e4795e1133e8a58352645fb97282e9"
TICKET = f"{ID}.BWeOJFun-jqTjwxw9gzBoxTzHIwTNIPYFOguIhJxC4w"
SIGNED = "https://b.s3.amazonaws.com/k?X-Amz-Signature=0123456789abcdef"
TOKEN = "AQ" + "Cg4A" * 40
START = datetime(2026, 11, 29, 3, 40, 8, tzinfo=UTC)
ITEM: dict[str, Any] = {
    "executionArn": {"S": ARN},
    "downloadId": {"S": ID},
    "status": {"S": "READY"},
    "origin": {"S": "reports"},
    "path": {"S": "2026/q3.csv"},
    "owner": {"S": "iam:arn:aws:iam::111122223333:user/u"},
    "ticketHashes": {"L": [{"S": HASH}]},
    "ticketGeneration": {"N": "1"},
    "connectionIds": {"SS": ["new=", "lost="]},
    "uploadId": {"S": "the-upload"},
    "nextRequestTarget": {"M": {"url": {"S": SIGNED}, "getsSecrets": {"BOOL": False}}},
    "lastError": {"M": {"code": {"S": "ORIGIN_ERROR"}, "message": {"S": f"from {SIGNED}"}}},
    "size": {"N": "10"},
    "createdAt": {"S": "2026-11-29T03:40:08.691Z"},
    "expiresAt": {"N": "1796010008"},
}
CONNECTION = {"connectionId": {"S": "new="}, "executionArn": {"S": ARN}, "connectedAt": {"N": "1795923608000"}}
HEAD = {"ContentLength": 10, "LastModified": datetime(2026, 11, 29, 3, 40, 12, tzinfo=UTC)}


def log_event(**fields: object) -> dict[str, Any]:
    return {"timestamp": 1795923612616, "message": json.dumps(fields)}


@pytest.fixture
def answers(aws: FakeAws) -> dict[str, Any]:
    """Answers for a download that is READY."""
    aws.answers |= {
        "dynamodb.GetItem": {"Item": ITEM},
        "dynamodb.BatchGetItem": {"Responses": {f"{PREFIX}-connections": [CONNECTION]}, "UnprocessedKeys": {}},
        "stepfunctions.DescribeExecution": {"status": "SUCCEEDED", "startDate": START, "stopDate": START},
        "stepfunctions.GetExecutionHistory": {
            "events": [
                {"id": 2, "type": "TaskStateExited"},
                {"id": 1, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Deliver"}},
            ]
        },
        "s3.HeadObject": HEAD,
        "logs.FilterLogEvents": {"events": []},
    }
    return aws.answers


def shown(stack: Stack, download: str = ID) -> dict[str, Any]:
    content = show(stack, download).content
    assert isinstance(content, dict)
    return content


def test_a_download_is_shown_with_all_its_parts(answers: dict[str, Any], stack: Stack, aws: FakeAws) -> None:
    groups = {f"/aws/lambda/{PREFIX}-copy": [log_event(level="INFO", message="Copied", executionArn=ARN, parts=2)]}
    answers["logs.FilterLogEvents"] = lambda parameters: {"events": groups.get(parameters["logGroupName"], [])}
    content = shown(stack)
    assert content["item"]["status"] == "READY"
    assert content["item"]["expiresAt"] == "2026-11-30T03:40:08.000Z"
    assert (content["item"]["tickets"], content["item"]["hasUnfinishedUpload"]) == (1, True)
    assert content["execution"]["state"] == "Deliver"
    assert content["connections"] == [
        {"connectionId": "lost=", "isMissing": True},
        {"connectionId": "new=", "connectedAt": "2026-11-29T03:40:08.000Z", "isRevoked": True},
    ]
    assert content["object"]["expiresAt"] == "2026-12-07T00:00:00.000Z"
    assert [(line["function"], line["message"], line["parts"]) for line in content["logs"]] == [("copy", "Copied", 2)]
    assert {call["logGroupName"] for call in aws.parameters("logs.FilterLogEvents")} == {
        stack.outputs.log_group(name) for name in stack.outputs.function_names
    }


def test_secrets_are_shown_in_no_form(answers: dict[str, Any], stack: Stack) -> None:
    lines = [log_event(message=f"sent {SIGNED}", ticket=TICKET, token=TOKEN, more={"url": SIGNED})]
    answers["logs.FilterLogEvents"] = {"events": lines}
    answers["stepfunctions.DescribeExecution"] |= {"error": "Failed", "cause": f"with {TOKEN} {SIGNED}"}
    result = show(stack, ID)
    for text in (result.text, json.dumps(result.content)):
        assert [
            secret for secret in (HASH, "0123456789abcdef", TICKET[33:], TOKEN, "the-upload") if secret in text
        ] == []
        assert "[masked]" in text


def test_log_lines_of_all_functions_are_in_time_order(answers: dict[str, Any], stack: Stack) -> None:
    times = {"copy": "03:40:12", "request-download": "03:40:08", "fail": "03:40:10"}
    answers["logs.FilterLogEvents"] = lambda parameters: {
        "events": [
            log_event(timestamp=f"2026-11-29T{moment}.000Z", message=name)
            for name, moment in times.items()
            if parameters["logGroupName"].endswith(f"-files-{name}")
        ]
    }
    assert [line["message"] for line in shown(stack)["logs"]] == ["request-download", "fail", "copy"]


def test_log_lines_of_failed_calls_are_found_by_their_request_id(answers: dict[str, Any], stack: Stack) -> None:
    request_id = "11111111-2222-3333-4444-555555555555"
    cause = json.dumps({"errorType": "StorageError", "errorMessage": "S3 failed", "requestId": request_id})
    events = [{"id": 3, "type": "TaskFailed", "taskFailedEventDetails": {"error": "StorageError", "cause": cause}}]
    answers["stepfunctions.GetExecutionHistory"] = {"events": events}
    answers["stepfunctions.DescribeExecution"] |= {"status": "FAILED", "error": "StorageError", "cause": cause}

    def lines(parameters: dict[str, Any]) -> dict[str, Any]:
        is_match = request_id in parameters["filterPattern"] and parameters["logGroupName"].endswith("-copy")
        return {
            "events": [log_event(level="ERROR", errorType="StorageError", requestId=request_id)] if is_match else []
        }

    answers["logs.FilterLogEvents"] = lines
    content = shown(stack)
    assert content["execution"]["cause"] == "StorageError: S3 failed"
    assert [line["errorType"] for line in content["logs"]] == ["StorageError"]


def test_an_expired_item_leaves_execution_and_object(answers: dict[str, Any], stack: Stack) -> None:
    answers["dynamodb.GetItem"] = {}
    content = shown(stack, ARN)
    assert (content["item"], content["connections"]) == (None, [])
    assert content["object"]["key"] == f"downloads/{ID}"
    assert "The item has expired." in show(stack, ID).text


def test_an_item_without_an_execution_is_shown(answers: dict[str, Any], stack: Stack) -> None:
    answers["stepfunctions.DescribeExecution"] = refusal("ExecutionDoesNotExist")
    assert shown(stack)["execution"] is None
    assert "There is none any more." in show(stack, ID).text


def test_a_missing_object_is_said(answers: dict[str, Any], stack: Stack) -> None:
    answers["s3.HeadObject"] = refusal("404", "Not Found", 404)
    assert shown(stack)["object"] == {"key": f"downloads/{ID}", "exists": False}


def test_the_expiry_is_that_of_s3_where_it_names_one(answers: dict[str, Any], stack: Stack) -> None:
    answers["s3.HeadObject"] = HEAD | {"Expiration": 'expiry-date="Sat, 05 Dec 2026 00:00:00 GMT", rule-id="r"'}
    assert shown(stack)["object"]["expiresAt"] == "2026-12-05T00:00:00.000Z"


def test_a_deleted_log_group_has_no_lines(answers: dict[str, Any], stack: Stack) -> None:
    answers["logs.FilterLogEvents"] = refusal("ResourceNotFoundException", "The specified log group does not exist.")
    assert shown(stack)["logs"] == []


@pytest.mark.usefixtures("answers")
def test_logs_can_be_left_out(stack: Stack, aws: FakeAws) -> None:
    content = show(stack, ID, logs=False).content
    assert isinstance(content, dict)
    assert "logs" not in content
    assert "logs.FilterLogEvents" not in aws.names


def test_unread_connections_are_read_again(
    answers: dict[str, Any], stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    responses = [
        {"Responses": {}, "UnprocessedKeys": {f"{PREFIX}-connections": {"Keys": [{"connectionId": {"S": "new="}}]}}},
        {"Responses": {f"{PREFIX}-connections": [CONNECTION]}, "UnprocessedKeys": {}},
    ]
    answers["dynamodb.BatchGetItem"] = lambda _: responses.pop(0)
    assert shown(stack)["connections"][1]["connectedAt"]
    assert len(waits) == 1


@pytest.mark.parametrize("download", ["a/b", "", "x" * 81, f"{ARN[:-32]}a b"])
def test_a_malformed_id_is_refused(stack: Stack, download: str) -> None:
    with pytest.raises(DownloadError) as refused:
        show(stack, download)
    assert refused.value.code == "INVALID_ID"


@pytest.mark.parametrize("arn", [ARN.replace("prod", "dev"), ARN.replace("eu-central-1", "us-east-1"), MACHINE])
def test_an_execution_of_another_stack_is_refused(stack: Stack, arn: str) -> None:
    with pytest.raises(WrongStackError, match="no execution of"):
        show(stack, arn)


def test_an_unknown_download_is_not_found(answers: dict[str, Any], stack: Stack, aws: FakeAws) -> None:
    answers |= {"dynamodb.GetItem": {}, "stepfunctions.DescribeExecution": refusal("ExecutionDoesNotExist")}
    with pytest.raises(DownloadError) as unknown:
        show(stack, ID)
    assert unknown.value.code == "NOT_FOUND"
    assert "s3.HeadObject" not in aws.names
