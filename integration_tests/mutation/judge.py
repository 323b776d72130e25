"""Runs MiniStack and notes each decision of its IAM about a role: one JSON object a line.

Started as `python -P judge.py FILE`.
"""

import json
import sys
from typing import Any


def main(path: str) -> None:
    """Run the emulator, its decisions noted."""
    from ministack.core import iam_evaluator

    decide = iam_evaluator.evaluate
    with open(path, "a", buffering=1, encoding="utf-8") as file:  # noqa: PTH123 - a line is written as it comes

        def noted(context: Any, *policies: Any) -> Any:
            result = decide(context, *policies)
            _, _, session = context.principal_arn.partition(":assumed-role/")
            decision = {"role": session.partition("/")[0], "action": context.action}
            file.write(json.dumps(decision | {"allowed": result.decision == "Allow"}) + "\n")
            return result

        iam_evaluator.evaluate = noted
        from ministack import app

        sys.argv = ["ministack"]
        app.main()


if __name__ == "__main__":
    main(sys.argv[1])
