"""The definition: every way leads to an end, nothing waits for ever, nothing secret passes through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from async_download.specs import FUNCTIONS
from async_download.state_machine import definition

from tests.components.harness import Cloud, Deployed, deploy
from tests.components.proof import rights_given, rights_wanted, states

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"
DEFINITION = definition(copy=f"{ARN}copy", deliver=f"{ARN}deliver", fail=f"{ARN}fail")
TASKS = {name: state for name, state in states(DEFINITION) if state["Type"] == "Task"}


def nexts(state: dict[str, Any]) -> list[str]:
    steps = [state.get("Next"), state.get("Default")]
    steps += [rule["Next"] for rule in [*state.get("Choices", []), *state.get("Catch", [])]]
    return [step for step in steps if step]


def test_every_step_leads_to_a_state_that_exists_and_every_state_is_reached() -> None:
    known = dict(states(DEFINITION))
    reached, todo = set(), [DEFINITION["StartAt"]]
    while todo:
        name = todo.pop()
        assert name in known
        if name not in reached:
            reached.add(name)
            todo += nexts(known[name])
    assert reached == set(known)


def test_every_state_ends_or_goes_on() -> None:
    for name, state in states(DEFINITION):
        assert state.get("End") or nexts(state) or state["Type"] in ("Fail", "Succeed"), name


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_bounded_tried_again_and_caught(name: str) -> None:
    task = TASKS[name]
    key = task["Parameters"]["FunctionName"].removeprefix(ARN)
    assert FUNCTIONS[key].timeout < task["TimeoutSeconds"] <= FUNCTIONS[key].timeout + 30
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert task["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
    assert all("States.ALL" not in retry["ErrorEquals"] for retry in task["Retry"][:-1])
    assert all(1 <= retry["MaxAttempts"] <= 6 for retry in task["Retry"])


@pytest.mark.parametrize("name", TASKS)
def test_a_busy_lambda_is_waited_for(name: str) -> None:
    assert "Lambda.TooManyRequestsException" in TASKS[name]["Retry"][0]["ErrorEquals"]


def test_all_attempts_of_a_copy_fit_into_the_life_of_an_execution() -> None:
    attempts = 1 + TASKS["Copy"]["Retry"][-1]["MaxAttempts"]
    assert attempts * TASKS["Copy"]["TimeoutSeconds"] < DEFINITION["TimeoutSeconds"]


def test_failures_end_in_a_failed_execution() -> None:
    assert {TASKS[name]["Catch"][-1]["Next"] for name in ("Copy", "Deliver")} == {"TellFailure"}
    assert nexts(TASKS["TellFailure"]) == ["Failed", "Failed"]
    assert DEFINITION["States"]["Failed"]["Type"] == "Fail"
    assert DEFINITION["States"]["Stored?"]["Default"] == "TellFailure"


def test_an_error_and_a_typed_outcome_reach_fail_in_the_same_place() -> None:
    assert TASKS["Copy"]["Catch"][-1]["ResultPath"] == "$.error"
    assert TASKS["TellFailure"]["Parameters"]["Payload"]["error.$"] == "$.error"


def test_state_holds_an_execution_and_an_outcome_and_no_input_is_passed_on() -> None:
    payloads = [task["Parameters"]["Payload"] for task in TASKS.values()]
    assert all(payload["executionArn.$"] == "$$.Execution.Id" for payload in payloads)
    assert {key for payload in payloads for key in payload} == {"executionArn.$", "error.$"}
    assert all(task["OutputPath"] == "$.Payload" for task in TASKS.values())


def test_the_role_may_call_exactly_what_the_definition_calls(deployed: Deployed) -> None:
    machine = deployed.one("sfn/stateMachine:StateMachine")
    arn = Cloud().arn(machine.type, machine.inputs["name"])
    wanted = rights_wanted(machine.json("definition"), arn)
    assert rights_given(deployed.statements("transfer"), "lambda", "states") == wanted


def test_a_distributed_map_would_be_seen_to_need_more_rights() -> None:
    mapped = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "States": {}}
    states_ = {"Slices": {"Type": "Map", "ItemProcessor": mapped, "End": True}}
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"
    wanted = rights_wanted({"States": states_}, machine)
    assert ("states:StartExecution", machine) in wanted
    assert ("states:RedriveExecution", machine.replace("stateMachine", "execution") + "/*") in wanted


def test_resources_are_named_in_the_partition_of_the_functions() -> None:
    china = definition(**{key: f"arn:aws-cn:lambda:x:y:function:{key}" for key in ("copy", "deliver", "fail")})
    assert "arn:aws:" not in json.dumps(china)


def test_the_machine_is_standard_and_traced_by_choice(deployed: Deployed) -> None:
    machine = deployed.one("sfn/stateMachine:StateMachine")
    assert machine.inputs["type"] == "STANDARD"
    assert machine.inputs["tracingConfiguration"] == {"enabled": True}
    plain = deploy({"tracing": False}).one("sfn/stateMachine:StateMachine")
    assert plain.inputs["tracingConfiguration"] == {"enabled": False}
