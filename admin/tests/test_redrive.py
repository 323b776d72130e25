"""`redrive`: the messages of the dead-letter queue, what is done with each, and what is kept."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from async_download_admin.commands.redrive import LEFT, redrive
from async_download_admin.dead_letters import parse
from async_download_admin.errors import PermissionMissingError
from async_download_admin.stack import Stack
from botocore.exceptions import ReadTimeoutError

from admin.tests.support.fake_aws import ACCOUNT, ARN, ID, IDLE_CLOSER, MACHINE, PREFIX, REGION, FakeAws, refusal

CLOSE_PAYLOAD = {"executionArn": ARN, "connectionIds": ["a="], "since": "2026-11-29T03:40:08.000Z"}


def record(function: str = "deliver", payload: Any = None, **changes: Any) -> dict[str, Any]:
    """Return a record of Lambda, as its documentation shows it."""
    name = f"{PREFIX}-{function.replace('_', '-')}"
    return {
        "version": "1.0",
        "timestamp": "2026-11-29T03:45:00.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"executionArn": ARN} if payload is None else payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "StorageError", "errorMessage": "S3 failed"},
    } | changes


def event(machine: str = MACHINE, status: str = "TIMED_OUT", **detail: Any) -> dict[str, Any]:
    """Return a status event of Step Functions."""
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": ACCOUNT,
        "time": "2026-11-29T03:42:21Z",
        "region": REGION,
        "resources": [ARN],
        "detail": {"executionArn": ARN, "stateMachineArn": machine, "name": ID, "status": status, **detail},
    }


def closing(**detail: Any) -> dict[str, Any]:
    arn = IDLE_CLOSER.replace(":stateMachine:", ":execution:") + ":x"
    return event(IDLE_CLOSER, "FAILED", **{"executionArn": arn, "input": json.dumps(CLOSE_PAYLOAD)} | detail)


class Queue:
    """A queue as SQS shows it: received messages are hidden until they are released."""

    def __init__(self, aws: FakeAws, *bodies: Any) -> None:
        self.messages = {f"m{number}": body for number, body in enumerate(bodies)}
        self.hidden: set[str] = set()
        aws.answers |= {
            "sqs.ReceiveMessage": self._receive,
            "sqs.ChangeMessageVisibility": self._release,
            "sqs.DeleteMessage": self._delete,
            "lambda.Invoke": lambda _: {"StatusCode": 200, "Payload": io.BytesIO(b"{}")},
        }

    def _receive(self, parameters: dict[str, Any]) -> dict[str, Any]:
        ids = [name for name in self.messages if name not in self.hidden][: parameters["MaxNumberOfMessages"]]
        self.hidden.update(ids)
        return {"Messages": [message(self.messages[name], name) for name in ids]} if ids else {}

    def _release(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self.hidden.discard(parameters["ReceiptHandle"])
        return {}

    def _delete(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self.hidden.remove(parameters["ReceiptHandle"])
        del self.messages[parameters["ReceiptHandle"]]
        return {}


def message(body: Any, name: str = "m", **fields: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    attributes = {"SentTimestamp": "1795923612616"}
    return {"MessageId": name, "ReceiptHandle": name, "Body": text, "Attributes": attributes, **fields}


@pytest.mark.parametrize(
    ("body", "kind", "function", "payload"),
    [
        (record(), "call of deliver", "deliver", {"executionArn": ARN}),
        (
            record(payload={"executionArn": ARN, "connectionId": "a="}),
            "call of deliver",
            "deliver",
            {"executionArn": ARN, "connectionId": "a="},
        ),
        (record("fail"), "call of fail", "fail", {"executionArn": ARN}),
        (record("close", CLOSE_PAYLOAD), "call of close", "close", CLOSE_PAYLOAD),
        (
            record("fail", event()),
            "status event TIMED_OUT",
            "fail",
            {"detail": {"executionArn": ARN, "status": "TIMED_OUT"}},
        ),
        (
            event(status="ABORTED"),
            "status event ABORTED",
            "fail",
            {"detail": {"executionArn": ARN, "status": "ABORTED"}},
        ),
        (closing(), "idle closer FAILED", "close", CLOSE_PAYLOAD),
    ],
)
def test_a_message_is_the_call_that_failed(
    stack: Stack, body: Any, kind: str, function: str, payload: dict[str, Any]
) -> None:
    letter = parse(stack, message(body))
    assert letter.call is not None
    assert (letter.kind, letter.call.function, letter.call.payload) == (kind, function, payload)
    assert (letter.download_id, letter.problem) == (ID, None)


@pytest.mark.security
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "not a JSON object"),
        ("{", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ("[1]", "not a JSON object"),
        ({}, "neither a record of Lambda nor a status event"),
        ({"source": "aws.s3", "detail-type": "Object Created"}, "neither a record"),
        (record("copy"), f"a call of {PREFIX}-copy, not of fail"),
        (record("of_another_stack"), "not of fail, deliver or close"),
        ({"requestContext": "x"}, "a call of no function"),
        ({"requestContext": {"functionArn": "arn:aws:lambda"}}, "a call of no function"),
        (record(payload=[]), "its payload is not that of a call"),
        (record(payload={"executionArn": ARN, "error": {}}), "its payload is not that of a call"),
        (record(payload={"executionArn": ARN.replace("prod", "dev")}), "not that of a download of this stack"),
        (record(payload={"executionArn": 3}), "not that of a download of this stack"),
        (record(payload={}), "not that of a download of this stack"),
        (record("close", {"executionArn": ARN}), "its payload is not complete"),
        (event(MACHINE.replace("prod", "dev")), "a status event of another state machine"),
        (event(executionArn=None), "not that of a download of this stack"),
        (record("fail", {"detail": "x"}), "a status event of another state machine"),
        (closing(input=json.dumps(CLOSE_PAYLOAD | {"executionArn": "other"})) | {"time": "never"}, "it has no input"),
    ],
)
def test_any_other_message_is_unreadable(stack: Stack, body: Any, problem: str) -> None:
    letter = parse(stack, message(body))
    assert (letter.kind, letter.call) == ("unreadable", None)
    assert problem in (letter.problem or "")


@pytest.mark.parametrize(("hours", "is_done"), [(1.9, False), (2.1, True)])
def test_an_event_without_input_has_nothing_left_to_do_after_two_hours(
    stack: Stack, hours: float, is_done: bool
) -> None:
    now = datetime(2026, 11, 29, 3, 42, 21, tzinfo=UTC) + timedelta(hours=hours)
    letter = parse(stack, message(closing(input=None)), now)
    assert (letter.call, letter.problem is None) == (None, is_done)


def test_the_reason_is_that_of_lambda_or_eventbridge_without_secrets(stack: Stack) -> None:
    assert parse(stack, message(record())).reason == "StorageError: S3 failed"
    assert parse(stack, message(record(responsePayload=None))).reason == "RetriesExhausted"
    url = "https://b/k?X-Amz-Signature=abc\x1b[31m"
    attributes = {"ERROR_MESSAGE": {"StringValue": f"No permission {url}", "DataType": "String"}}
    reason = parse(stack, message(event(), MessageAttributes=attributes)).reason
    assert reason == "No permission [masked]"


def rows(stack: Stack, *, apply: bool, limit: int = 1000) -> tuple[list[str], int]:
    result = redrive(stack, apply=apply, limit=limit)
    assert isinstance(result.content, dict)
    return [row["result"] for row in result.content["messages"]], result.exit_code


def test_a_dry_run_shows_messages_and_changes_nothing(stack: Stack, aws: FakeAws) -> None:
    queue = Queue(aws, record(), "poison", event())
    results, code = rows(stack, apply=False)
    assert [result.partition(":")[0] for result in results] == ["would call deliver", "unreadable", "would call fail"]
    assert (code, len(queue.messages), queue.hidden) == (LEFT, 3, set())
    assert {"lambda.Invoke", "sqs.DeleteMessage"} & set(aws.names) == set()


def test_with_yes_functions_are_called_and_their_messages_deleted(stack: Stack, aws: FakeAws) -> None:
    queue = Queue(aws, record(), event(), closing(), closing(input=None) | {"time": "2026-01-01T00:00:00Z"})
    results, code = rows(stack, apply=True)
    assert results == [
        "called deliver, deleted",
        "called fail, deleted",
        "called close, deleted",
        "deleted: nothing is left to do",
    ]
    assert (code, queue.messages) == (0, {})
    assert [call["FunctionName"] for call in aws.parameters("lambda.Invoke")] == [
        f"{PREFIX}-{name}" for name in ("deliver", "fail", "close")
    ]
    assert all("InvocationType" not in call for call in aws.parameters("lambda.Invoke")), "the end is waited for"


def test_poisoned_messages_are_kept_released_and_counted(stack: Stack, aws: FakeAws) -> None:
    queue = Queue(aws, "poison", record())
    result = redrive(stack, apply=True, limit=1000)
    assert (result.exit_code, list(queue.messages), queue.hidden) == (LEFT, ["m0"], set())
    assert "2 messages: 1 worked off, 1 left." in result.text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "E", "errorMessage": "why"}')},
            "fail failed, kept: E: why",
        ),
        ({"FunctionError": "Unhandled", "Payload": io.BytesIO(b"Task timed out")}, "kept: Task timed out"),
        (refusal("TooManyRequestsException", "Rate Exceeded.", 429), "kept: lambda Invoke failed: TooMany"),
        (ReadTimeoutError(endpoint_url="https://lambda/"), "does not answer"),
    ],
)
def test_the_message_of_a_call_that_fails_is_kept_and_the_next_is_called(
    stack: Stack, aws: FakeAws, answer: Any, reason: str
) -> None:
    queue = Queue(aws, record("fail"), record())
    answers = [answer, {"StatusCode": 200, "Payload": io.BytesIO(b"{}")}]
    aws.answers["lambda.Invoke"] = lambda _: answers.pop(0)
    results, code = rows(stack, apply=True)
    assert reason in results[0]
    assert (results[1], code) == ("called deliver, deleted", LEFT)
    assert (list(queue.messages), queue.hidden) == (["m0"], set())


def test_a_missing_permission_ends_the_run_and_releases_the_messages(stack: Stack, aws: FakeAws) -> None:
    queue = Queue(aws, record(), record())
    aws.answers["lambda.Invoke"] = refusal("AccessDeniedException", status=403)
    with pytest.raises(PermissionMissingError, match="lambda:InvokeFunction"):
        redrive(stack, apply=True, limit=1000)
    assert (len(queue.messages), queue.hidden) == (2, set())


def test_a_message_that_comes_twice_is_handled_once(stack: Stack, aws: FakeAws) -> None:
    Queue(aws)
    aws.answers["sqs.ReceiveMessage"] = {"Messages": [message("poison", "same")]}
    assert len(rows(stack, apply=True)[0]) == 1


@pytest.mark.parametrize("code", ["InvalidParameterValue", "ReceiptHandleIsInvalid"])
def test_a_message_that_is_visible_again_is_left_as_it_is(stack: Stack, aws: FakeAws, code: str) -> None:
    Queue(aws, "poison")
    aws.answers["sqs.ChangeMessageVisibility"] = refusal(code)
    assert rows(stack, apply=False)[1] == LEFT


def test_at_most_the_limit_is_received(stack: Stack, aws: FakeAws) -> None:
    Queue(aws, *[record() for _ in range(15)])
    assert len(rows(stack, apply=False, limit=12)[0]) == 12
    assert [call["MaxNumberOfMessages"] for call in aws.parameters("sqs.ReceiveMessage")] == [10, 2]


def test_an_empty_queue_is_said(stack: Stack, aws: FakeAws) -> None:
    Queue(aws)
    result = redrive(stack, apply=True, limit=10)
    assert (result.text, result.exit_code) == ("The dead-letter queue is empty.", 0)
