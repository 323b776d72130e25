"""The state machine's executions."""

from __future__ import annotations

import json
from dataclasses import dataclass

from botocore.exceptions import ClientError

from runtime.adapters import aws
from runtime.errors import ExecutionExistsError


@dataclass(frozen=True)
class StepFunctions:
    """`ports.Executions`."""

    state_machine_arn: str

    def warm_up(self) -> None:
        """Prepare the first call."""
        aws.open_connection(aws.client("stepfunctions"), "describe_execution", executionArn="none")

    def start(self, download_id: str) -> None:
        """Start the execution named after the download; its input is the same whenever it is started again."""
        payload = json.dumps({"downloadId": download_id}, separators=(",", ":"))
        with aws.safe_errors("StartExecution"):
            try:
                aws.client("stepfunctions").start_execution(
                    stateMachineArn=self.state_machine_arn, name=download_id, input=payload
                )
            except ClientError as error:
                if aws.code_of(error) == "ExecutionAlreadyExists":
                    raise ExecutionExistsError(download_id) from None
                raise

    def stop(self, execution_arn: str) -> None:
        """Stop it, if it is running."""
        with aws.safe_errors("StopExecution"):
            try:
                aws.client("stepfunctions").stop_execution(executionArn=execution_arn, error="STOPPED")
            except ClientError as error:
                if aws.code_of(error) != "ExecutionDoesNotExist":
                    raise

    def status(self, execution_arn: str) -> str | None:
        """Return its status, or None if there is no such execution."""
        with aws.safe_errors("DescribeExecution"):
            try:
                answer = aws.client("stepfunctions").describe_execution(
                    executionArn=execution_arn, includedData="METADATA_ONLY"
                )
            except ClientError as error:
                if aws.code_of(error) == "ExecutionDoesNotExist":
                    return None
                raise
            return str(answer["status"])
