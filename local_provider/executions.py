"""Stopping the executions of a state machine."""

from typing import Any

__all__ = ["stop_running_executions"]


def stop_running_executions(client: Any, machine_arn: str) -> None:
    """Stop every execution that runs; `client` is a client of Step Functions.

    Raises:
        botocore.exceptions.ClientError: an execution could not be stopped and still runs.
    """
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine_arn, statusFilter="RUNNING")
    for arn in [execution["executionArn"] for page in pages for execution in page["executions"]]:
        try:
            client.stop_execution(executionArn=arn)
        except client.exceptions.ValidationException:  # the emulator's answer if it has ended since it was listed
            if client.describe_execution(executionArn=arn)["status"] == "RUNNING":
                raise
