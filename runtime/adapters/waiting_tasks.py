"""Tasks of the state machine that wait for their callback."""

from __future__ import annotations

from botocore.exceptions import ClientError

from runtime.adapters import aws

_OVER = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})


class WaitingTasks:
    """`ports.Tasks`."""

    def resume(self, token: str) -> None:
        """SendTaskSuccess."""
        with aws.safe_errors("SendTaskSuccess"):
            try:
                aws.client("stepfunctions").send_task_success(taskToken=token, output="{}")
            except ClientError as error:
                if aws.code_of(error) not in _OVER:
                    raise
