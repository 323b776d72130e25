"""Record each decision of MiniStack's IAM about a role: one JSON object a line."""

import json
from typing import Any


def install(path: str) -> None:
    """Append every decision of the emulator that this process is about to run to the file."""
    from ministack.core import iam_evaluator

    evaluate = iam_evaluator.evaluate
    file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: PTH123, SIM115 - open until the process ends

    def evaluate_and_record(context: Any, *policies: Any) -> Any:
        result = evaluate(context, *policies)
        _, _, session = context.principal_arn.partition(":assumed-role/")
        decision = {"role": session.partition("/")[0], "action": context.action}
        file.write(json.dumps(decision | {"allowed": result.decision == "Allow"}) + "\n")
        return result

    iam_evaluator.evaluate = evaluate_and_record
