"""Notes each decision of MiniStack's IAM about a role: one JSON object a line."""

import json
from typing import Any


def install(path: str) -> None:
    """Have the decisions noted; each is appended to the file."""
    from ministack.core import iam_evaluator

    decide = iam_evaluator.evaluate
    file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: PTH123, SIM115 - a line is written as it comes, to the end

    def noted(context: Any, *policies: Any) -> Any:
        result = decide(context, *policies)
        _, _, session = context.principal_arn.partition(":assumed-role/")
        decision = {"role": session.partition("/")[0], "action": context.action}
        file.write(json.dumps(decision | {"allowed": result.decision == "Allow"}) + "\n")
        return result

    iam_evaluator.evaluate = noted
