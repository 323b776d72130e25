"""The IAM policy of each command holds exactly the actions of the calls that it makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from async_download_admin.commands.list_downloads import Selection, list_downloads
from async_download_admin.commands.show import show
from async_download_admin.permissions import COMMANDS, policy
from async_download_admin.stack import Stack

from admin.tests.support.fake_aws import ARN, ID, PREFIX, FakeAws

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


JOURNEYS: dict[str, Callable[[Stack, FakeAws], object]] = {"show": show_all, "list": list_all}
"""Command -> function that makes all of its calls."""
WITHOUT_CALL = {"show": {"s3:ListBucket"}}
"""Actions that no call of botocore names: without s3:ListBucket, S3 answers 403 for an object that is missing."""


def allowed_actions(document: dict[str, Any]) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_calls_exactly_what_its_policy_allows(
    command: str, aws: FakeAws, make_stack: Callable[..., Stack]
) -> None:
    JOURNEYS[command](make_stack(command), aws)
    assert aws.actions | WITHOUT_CALL.get(command, set()) == set(COMMANDS[command])


def test_a_policy_names_the_resources_of_the_stack(stack: Stack) -> None:
    document = json.loads(json.dumps(policy(COMMANDS, stack.outputs)))
    resources = [arn for statement in document["Statement"] for arn in statement["Resource"]]
    of_stack = (
        PREFIX,
        stack.outputs.bucket_name,
        *(api.api for api in (stack.outputs.rest_stage, stack.outputs.socket_stage)),
    )
    others = [arn for arn in resources if not any(name in arn for name in of_stack)]
    assert set(others) <= {"*", "arn:aws:apigateway:eu-central-1::/account"}
    assert allowed_actions(document) == {action for actions in COMMANDS.values() for action in actions}
