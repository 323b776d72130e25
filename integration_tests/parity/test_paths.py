"""Take every transition of every state machine on LocalStack's interpreter."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from integration_tests.parity import machines, step_functions
from integration_tests.parity.paths import Path
from integration_tests.support.waiting import wait_for

DEADLINE = 120.0
FAILED = ("TaskFailed", "LambdaFunctionFailed", "TaskTimedOut")
PATHS = machines.all_paths()
Events = list[dict[str, Any]]


@pytest.fixture(scope="session")
def executions(step_functions_url: str) -> Callable[[str], tuple[str, Events]]:
    """A function that returns status and events of a path; all executions start at once, because they mostly wait."""
    client = step_functions.client("stepfunctions", step_functions_url)
    arns = {
        name: client.create_state_machine(name=name, definition=json.dumps(text), roleArn=machines.ROLE)[
            "stateMachineArn"
        ]
        for name, text in machines.tried_definitions().items()
    }
    started = {
        case: client.start_execution(
            stateMachineArn=f"{arns[machines.machine_of(path)]}#{case}", input=json.dumps(machines.input_of(path))
        )["executionArn"]
        for case, path in PATHS.items()
    }

    def ended(case: str) -> tuple[str, Events]:
        arn = started[case]
        status = wait_for(
            lambda: str(client.describe_execution(executionArn=arn)["status"]),
            DEADLINE,
            until=lambda status: status != "RUNNING",
        )
        return status, step_functions.events(client, arn)

    return ended


@pytest.mark.parametrize("case", PATHS, ids=[f"{path.machine}: {path.name}" for path in PATHS.values()])
def test_a_transition_leads_where_the_definition_says(
    executions: Callable[[str], tuple[str, Events]], case: str
) -> None:
    path: Path = PATHS[case]
    status, events = executions(case)
    assert step_functions.states_entered(events) == path.entered
    assert status == path.status
    assert sum(event["type"] in FAILED for event in events) == path.failures
