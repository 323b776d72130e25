"""The IAM policy of each command holds exactly the actions of the calls that it makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from async_download_admin.auth import SessionAuth
from async_download_admin.commands.cancel import cancel
from async_download_admin.commands.doctor import doctor
from async_download_admin.commands.drain import Drain
from async_download_admin.commands.list_downloads import Selection, list_downloads
from async_download_admin.commands.redrive import redrive
from async_download_admin.commands.revoke import revoke
from async_download_admin.commands.show import show
from async_download_admin.commands.smoke import Request, Smoke
from async_download_admin.outputs import StackOutputs
from async_download_admin.permissions import COMMANDS, policy
from async_download_admin.stack import Stack

from admin.tests.support.fake_aws import ARN, BUCKET, ID, KEY, OUTPUTS, PREFIX, FakeAws, refusal
from admin.tests.test_doctor import FULL, healthy_answers
from admin.tests.test_drain import FakeClock, Function
from admin.tests.test_redrive import Queue, record
from client.tests.support.fake_stack import FakeStack

START = datetime.now(UTC) - timedelta(hours=1)
EXECUTION = {"executionArn": ARN, "status": "FAILED", "startDate": START, "stopDate": START}


def show_all(stack: Stack, aws: FakeAws) -> None:
    aws.answers |= {
        "dynamodb.GetItem": {"Item": {"connectionIds": {"SS": ["a="]}, "createdAt": {"S": START.isoformat()}}},
        "dynamodb.BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
        "stepfunctions.DescribeExecution": {"status": "RUNNING", "startDate": START},
        "stepfunctions.GetExecutionHistory": {"events": []},
        "s3.HeadObject": {"ContentLength": 1, "LastModified": START},
        "logs.FilterLogEvents": {"events": []},
    }
    show(stack, ID)


def list_all(stack: Stack, aws: FakeAws) -> None:
    aws.answers |= {
        "stepfunctions.ListExecutions": {"executions": [EXECUTION]},
        "dynamodb.BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
        "logs.FilterLogEvents": {"events": []},
    }
    list_downloads(stack, Selection(timedelta(days=1)))


def redrive_all(stack: Stack, aws: FakeAws) -> None:
    Queue(aws, "poison", record())
    redrive(stack, apply=True, limit=10)


def revoke_all(stack: Stack, aws: FakeAws) -> None:
    aws.answers["dynamodb.UpdateItem"] = {}
    revoke(stack, ID)


def cancel_all(stack: Stack, aws: FakeAws) -> None:
    aws.answers |= {
        "dynamodb.UpdateItem": refusal("ConditionalCheckFailedException"),
        "dynamodb.GetItem": {"Item": {"status": {"S": "CANCELLED"}}},
        "stepfunctions.StopExecution": {},
        "lambda.Invoke": {},
    }
    cancel(stack, ID)


def drain_all(stack: Stack, aws: FakeAws) -> None:
    Function(aws)
    command = Drain(stack, lambda _: None, FakeClock().clock)
    command.run(100)
    command.undo()


def doctor_all(stack: Stack, aws: FakeAws) -> None:
    aws.answers |= healthy_answers()
    doctor(stack)


def smoke_all(stack: Stack, aws: FakeAws) -> None:
    aws.answers |= {
        "dynamodb.GetItem": lambda _: {"Item": {"connectionIds": {"SS": ["a="]}} if len(aws.calls) < 2 else {}},
        "dynamodb.BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    }
    with FakeStack() as api:
        outputs = StackOutputs(OUTPUTS | {"apiUrl": api.api_url}, "o")
        auth = SessionAuth(stack.aws.session, "smoke")
        assert Smoke(Stack(outputs, stack.aws), auth, Request("a", None, 20.0)).run().exit_code == 0


JOURNEYS: dict[str, Callable[[Stack, FakeAws], object]] = {
    "show": show_all,
    "list": list_all,
    "redrive": redrive_all,
    "revoke": revoke_all,
    "cancel": cancel_all,
    "drain": drain_all,
    "smoke": smoke_all,
    "doctor": doctor_all,
}
"""Command -> function that makes all of its calls."""
WITHOUT_CALL = {"show": {"s3:ListBucket"}, "smoke": {"execute-api:Invoke"}}
"""Actions that no call of botocore names.

Without s3:ListBucket, S3 answers 403 for an object that is missing. The REST API is called by the downloader.
"""


def allowed_actions(document: dict[str, Any]) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_calls_exactly_what_its_policy_allows(
    command: str, aws: FakeAws, make_stack: Callable[..., Stack]
) -> None:
    JOURNEYS[command](make_stack(command, **FULL), aws)
    assert aws.actions | WITHOUT_CALL.get(command, set()) == set(COMMANDS[command])


def test_a_policy_names_the_resources_of_the_stack() -> None:
    document = json.loads(json.dumps(policy(COMMANDS, StackOutputs(OUTPUTS | FULL, "o"))))
    resources = [arn for statement in document["Statement"] for arn in statement["Resource"]]
    of_stack = (PREFIX, BUCKET, KEY, "rest123", "socket456")
    others = [arn for arn in resources if not any(name in arn for name in of_stack)]
    assert set(others) <= {"*", "arn:aws:apigateway:eu-central-1::/account"}
    actions = {action for actions in COMMANDS.values() for action in actions}
    assert allowed_actions(document) == actions | {"kms:Decrypt"}


def test_a_key_that_the_stack_does_not_have_is_in_no_policy(stack: Stack) -> None:
    assert "kms:DescribeKey" not in allowed_actions(policy(["doctor"], stack.outputs))


@pytest.mark.parametrize(
    ("command", "services"),
    [("show", ["dynamodb", "s3"]), ("redrive", ["sqs"]), ("revoke", ["dynamodb"]), ("drain", []), ("doctor", [])],
)
def test_a_customer_managed_key_is_used_through_the_services_of_the_command(command: str, services: list[str]) -> None:
    document = policy([command], StackOutputs(OUTPUTS | FULL, "o"))
    hosts = [
        host
        for statement in document["Statement"]
        if statement["Action"] == ["kms:Decrypt"]
        for host in statement["Condition"]["StringLike"]["kms:ViaService"]
    ]
    assert hosts == [f"{service}.eu-central-1.*" for service in services]


def test_a_command_that_calls_functions_may_call_no_others(stack: Stack) -> None:
    for command, functions in (("cancel", {"fail"}), ("redrive", {"fail", "deliver", "close"})):
        document = policy([command], stack.outputs)
        (resources,) = [
            statement["Resource"]
            for statement in document["Statement"]
            if "lambda:InvokeFunction" in statement["Action"]
        ]
        assert {arn.rpartition("-files-")[2] for arn in resources} == functions
