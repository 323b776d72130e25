"""The state machine that closes idle sockets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.adapters import aws
from runtime.models import iso


@dataclass(frozen=True)
class IdleCloserMachine:
    """`ports.IdleCloser`."""

    state_machine_arn: str

    def warm_up(self) -> None:
        """Prepare the first call."""
        aws.open_connection(aws.client("stepfunctions"), "describe_execution", executionArn="none")

    def start(self, execution_arn: str, connection_ids: Sequence[str], *, since: float) -> None:
        """Start an execution without a name: a second one for the same sockets does no harm."""
        payload = {"executionArn": execution_arn, "connectionIds": list(connection_ids), "since": iso(since)}
        with aws.safe_errors("StartExecution"):
            aws.client("stepfunctions").start_execution(
                stateMachineArn=self.state_machine_arn, input=json.dumps(payload)
            )
