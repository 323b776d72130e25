"""Executions that end while they are being stopped."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from local_provider.resource_types.special_cases import stop_running_executions

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:transfer"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:transfer:one"
TIME = "2026-01-01T00:00:00Z"


def stop(status: str) -> None:
    """Stop one listed execution; the service refuses and then describes it with this status."""
    client: Any = boto3.client(
        "stepfunctions", region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    described = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "startDate": TIME}
    listed = {**described, "name": "one", "status": "RUNNING"}
    with Stubber(client) as stubber:
        stubber.add_response("list_executions", {"executions": [listed]})
        stubber.add_client_error("stop_execution", "ValidationException", "Execution is not running")
        stubber.add_response("describe_execution", {**described, "status": status})
        stop_running_executions(client, MACHINE)


def test_an_execution_that_has_ended_since_it_was_listed_is_passed_over() -> None:
    stop("SUCCEEDED")


def test_an_execution_that_still_runs_is_an_error() -> None:
    with pytest.raises(ClientError, match="Execution is not running"):
        stop("RUNNING")
