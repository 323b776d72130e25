"""The commands of *Clean up* stop the executions of both state machines before they destroy the stack."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import botocore.session
import pytest

from tests.docs.pages import run_commands, shell_block
from tools.readme_tables import TOP

PAGE = TOP / "docs" / "deploying.md"
OUTPUTS = {"stateMachineArn": "arn:copying", "idleCloserMachineArn": "arn:closing"}
PULUMI = """#!/bin/bash
echo "pulumi $*" >> "$CALLS"
case "$3" in stateMachineArn) echo arn:copying ;; idleCloserMachineArn) echo arn:closing ;; esac
"""
AWS = """#!/bin/bash
echo "aws $*" >> "$CALLS"
[ "$2" = list-executions ] || exit 0
case "$4" in arn:copying) printf "$COPYING" ;; arn:closing) printf "$CLOSING" ;; esac
"""


def command() -> str:
    """Return the commands of the page."""
    return shell_block(PAGE, "clean up")


def calls(folder: Path, copying: str = "", closing: str = "") -> list[str]:
    """Return the calls of the commands for running executions, given one per line like the AWS CLI prints them."""
    log = folder / "calls"
    variables = {"CALLS": str(log), "COPYING": copying, "CLOSING": closing}
    run_commands(command(), {"pulumi": PULUMI, "aws": AWS}, variables, folder)
    return log.read_text(encoding="utf-8").splitlines()


def test_without_executions_none_is_stopped(tmp_path: Path) -> None:
    recorded = calls(tmp_path)
    assert not [call for call in recorded if "stop-execution" in call]
    assert recorded[-1] == "pulumi destroy"


@pytest.mark.parametrize("count", [1, 2, 30])
def test_every_execution_of_both_machines_is_stopped_before_the_stack_is_destroyed(tmp_path: Path, count: int) -> None:
    copying, closing = ([f"arn:{kind}:{number}" for number in range(count)] for kind in ("copying", "closing"))
    recorded = calls(tmp_path, *("".join(f"{arn}\\n" for arn in arns) for arns in (copying, closing)))
    stopped = [call.rpartition(" ")[2] for call in recorded if "stop-execution" in call]
    assert stopped == [*copying, *closing]
    assert recorded[-1] == "pulumi destroy"
    assert recorded.count("pulumi destroy") == 1


def test_the_options_are_members_of_the_requests_of_step_functions(tmp_path: Path) -> None:
    model = botocore.session.Session().get_service_model("stepfunctions")
    recorded = [shlex.split(call) for call in calls(tmp_path, "arn:copying:1\\n") if call.startswith("aws ")]
    assert {call[2] for call in recorded} == {"list-executions", "stop-execution"}
    for call in recorded:
        assert call[1] == "stepfunctions"
        operation = "".join(word.capitalize() for word in call[2].split("-"))
        members = {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in _members(model, operation)}
        options = {word.removeprefix("--") for word in call if word.startswith("--")} - {"query", "output"}
        assert options <= members


def test_the_outputs_are_those_of_the_stack() -> None:
    program = (TOP / "__main__.py").read_text(encoding="utf-8")
    assert all(f'pulumi.export("{name}"' in program for name in OUTPUTS)
    assert all(f"pulumi stack output {name}" in command() for name in OUTPUTS)


def _members(model: object, operation: str) -> list[str]:
    return list(model.operation_model(operation).input_shape.members)  # type: ignore[attr-defined]
