"""Other functions of the stack, invoked without waiting."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runtime.adapters import aws


class LambdaFunctions:
    """`ports.Functions`."""

    def start(self, function: str, payload: Mapping[str, object]) -> None:
        """Invoke it as an event."""
        with aws.safe_errors("Invoke"):
            aws.client("lambda").invoke(
                FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
            )
