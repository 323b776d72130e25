"""The command of *Old versions* deletes versions of functions that state machines call, all but the newest three."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import botocore.session
import pytest

from tests.docs.pages import run_commands, shell_block
from tools.readme_tables import TOP

PAGE = TOP / "docs" / "deploying.md"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:files-%s"
PULUMI = """#!/bin/sh
echo "arn:$3"
"""
AWS = """#!%s
import json, os, sys
import jmespath
words = sys.argv[1:]
options = dict(zip(words[2:], words[3:]))
with open(os.environ["CALLS"], "a", encoding="utf-8") as calls:
    calls.write(json.dumps(words) + "\\n")
if words[1] == "delete-function":
    assert "--qualifier" in options
    sys.exit()
names = {"arn:stateMachineArn": ["copy", "deliver", "copy"], "arn:idleCloserMachineArn": ["close"]}
if words[1] == "describe-state-machine":
    tasks = [{"FunctionName": os.environ["FUNCTION"] %% name + ":7"} for name in names[options["--state-machine-arn"]]]
    answer = {"definition": json.dumps(tasks)}
else:
    assert "--no-paginate" in words, "the text output applies a query to each page"
    count = 0 if options["--function-name"].endswith("close") else int(os.environ["COUNT"])
    answer = {"Versions": [{"Version": str(version or "$LATEST")} for version in range(count + 1)]}
found = jmespath.search(options["--query"], answer)
print(found if isinstance(found, str) else "".join(f"{row[0]}\\n" for row in found), end="")
"""


def command() -> str:
    """Return the command of the page."""
    return shell_block(PAGE, "old versions")


def deleted(folder: Path, count: int) -> list[tuple[str, str]]:
    """Return function and version of what the command deletes where functions have `count` versions."""
    variables = {"CALLS": str(folder / "calls"), "COUNT": str(count), "FUNCTION": FUNCTION}
    run_commands(command(), {"pulumi": PULUMI, "aws": AWS % sys.executable}, variables, folder)
    calls = [json.loads(line) for line in (folder / "calls").read_text(encoding="utf-8").splitlines()]
    return [(call[3], call[5]) for call in calls if call[1] == "delete-function"]


@pytest.mark.parametrize(("count", "versions"), [(1, []), (3, []), (5, ["1", "2"])])
def test_all_versions_but_the_newest_three_are_deleted(tmp_path: Path, count: int, versions: list[str]) -> None:
    expected = [(FUNCTION % name, version) for name in ("copy", "deliver") for version in versions]
    assert deleted(tmp_path, count) == expected


@pytest.mark.parametrize(
    ("service", "operation", "members"),
    [
        ("stepfunctions", "DescribeStateMachine", {"stateMachineArn"}),
        ("lambda", "ListVersionsByFunction", {"FunctionName"}),
        ("lambda", "DeleteFunction", {"FunctionName", "Qualifier"}),
    ],
)
def test_the_options_are_members_of_the_requests(service: str, operation: str, members: set[str]) -> None:
    model = botocore.session.Session().get_service_model(service)
    assert members <= set(model.operation_model(operation).input_shape.members)
    for name in members:
        assert f"--{re.sub(r'(?<!^)(?=[A-Z])', '-', name).lower()}" in command()
