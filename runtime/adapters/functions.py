"""Other functions of the stack, invoked without waiting."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runtime.adapters import aws


class LambdaFunctions:
    """`ports.Functions`."""

    def warm_up(self) -> None:
        """Prepare the first call."""
        aws.open_connection(aws.client("lambda"), "invoke", FunctionName="none", InvocationType="DryRun")

    def start(self, function: str, payload: Mapping[str, object]) -> None:
        """Invoke it as an event."""
        with aws.safe_errors("Invoke"):
            answer = aws.client("lambda").invoke(
                FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
            )
            answer["Payload"].read()  # the next call can use the connection only after the answer was read to its end
