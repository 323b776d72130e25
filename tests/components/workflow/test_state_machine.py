"""Definitions of the state machines: transitions, time-outs, retries, and the content of the state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from async_download.functions import FUNCTIONS
from async_download.workflow.state_machine import definition

from runtime.errors import PushesGivenUpError
from runtime.handlers.copy_slice import SECONDS
from runtime.logic.sockets.push import BUDGET_SECONDS
from runtime.models import YOUNG_SECONDS
from tests.components.support.declarations import NUMBERS
from tests.components.support.service_permissions import states
from tests.components.support.throttling_retries import THROTTLED

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"
WORKERS = ("copy", "copy_slice", "complete", "deliver", "fail")
DEFINITION = definition(**{key: f"{ARN}{key}" for key in WORKERS}, concurrency=8, seconds=3600)
REUSING = definition(**{key: f"{ARN}{key}" for key in WORKERS}, concurrency=8, seconds=3600, copies="copies")
SLICES = DEFINITION["States"]["CopySlices"]
TASKS = {name: state for name, state in states(DEFINITION) if state["Type"] == "Task"}
WORKING = {name: state for name, state in states(REUSING) if state["Type"] in ("Task", "Map", "Parallel")}
CHILDREN = {
    child: name
    for name, state in DEFINITION["States"].items()
    for child in state.get("ItemProcessor", {}).get("States", ())
}


def nexts(state: dict[str, Any]) -> list[str]:
    steps = [state.get("Next"), state.get("Default")]
    steps += [rule["Next"] for rule in [*state.get("Choices", []), *state.get("Catch", [])]]
    return [step for step in steps if step]


@pytest.mark.parametrize("machine", [DEFINITION, REUSING], ids=["default", "reusing"])
def test_every_step_leads_to_a_state_that_exists_and_every_state_is_reached(machine: dict[str, Any]) -> None:
    states_by_name = dict(states(machine))
    reached, todo = set(), [machine["StartAt"]]
    while todo:
        name = todo.pop()
        assert name in states_by_name
        if name not in reached:
            reached.add(name)
            todo += nexts(states_by_name[name])
            todo += (
                [states_by_name[name]["ItemProcessor"]["StartAt"]] if "ItemProcessor" in states_by_name[name] else []
            )
    assert reached == set(states_by_name)


def test_every_state_ends_or_goes_on() -> None:
    for name, state in states(REUSING):
        assert state.get("End") or nexts(state) or state["Type"] in ("Fail", "Succeed"), name


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_bounded_and_its_function_ends_first(name: str) -> None:
    task = TASKS[name]
    key = task["Parameters"]["FunctionName"].removeprefix(ARN)
    assert FUNCTIONS[key].timeout_seconds < task["TimeoutSeconds"] <= FUNCTIONS[key].timeout_seconds + 30


@pytest.mark.parametrize("name", WORKING)
def test_tasks_and_maps_have_time_outs_retries_and_catches(name: str) -> None:
    """`States.TaskFailed` does not match a time-out: only `States.ALL` matches every error, alone and last."""
    state = WORKING[name]
    caught = REUSING["States"][CHILDREN[name]] if name in CHILDREN else state  # a child's failure is its map's
    assert state["Type"] != "Task" or 0 < state["TimeoutSeconds"] <= 1000
    patient = THROTTLED in state["Retry"][0]["ErrorEquals"]  # test_throttling_retries.py has that one
    assert all(1 <= retry["MaxAttempts"] <= 6 for retry in state["Retry"][patient:])
    assert caught["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    if "waitForTaskToken" not in state.get("Resource", ""):  # after a time-out the execution does not wait again
        assert state["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
    for rules in (state["Retry"], caught["Catch"], state.get("Catch", [])):
        assert all("States.ALL" not in rule["ErrorEquals"] for rule in rules[:-1])
    if name in CHILDREN:  # its own failures are its map's, but for a function that stays throttled
        assert [rule["ErrorEquals"] for rule in state["Catch"]] == [[THROTTLED]]


def test_states_are_few_and_named_after_what_they_do() -> None:
    """A task is named like its function, and a choice ends with a question mark."""
    states_by_name = dict(states(REUSING))
    assert len(states_by_name) <= 13
    renamed = {"fail": "NotifyFailure"}
    for name, state in states_by_name.items():
        assert (state["Type"] == "Choice") == name.endswith("?"), name
        if state["Type"] == "Task" and "FunctionName" in state["Parameters"]:
            key = state["Parameters"]["FunctionName"].removeprefix(ARN)
            assert name == renamed.get(key, "".join(word.capitalize() for word in key.split("_")))
        assert name.removesuffix("?").isalpha()


@pytest.mark.parametrize("name", TASKS)
def test_a_throttled_function_has_a_rule_of_its_own_and_a_broken_service_a_short_one(name: str) -> None:
    throttled, service, *_ = TASKS[name]["Retry"]
    assert throttled["ErrorEquals"] == [THROTTLED]
    kinds = ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"]
    assert (service["ErrorEquals"], service["MaxAttempts"]) == (kinds, 6)


def test_all_attempts_of_a_copy_fit_into_the_life_of_an_execution() -> None:
    attempts = 1 + TASKS["Copy"]["Retry"][-1]["MaxAttempts"]
    assert attempts * TASKS["Copy"]["TimeoutSeconds"] < DEFINITION["TimeoutSeconds"]


def test_failures_end_in_a_failed_execution() -> None:
    assert {TASKS[name]["Catch"][-1]["Next"] for name in ("Copy", "Complete", "Deliver")} == {"NotifyFailure"}
    assert DEFINITION["States"]["CopySlices"]["Catch"][-1]["Next"] == "NotifyFailure"
    assert nexts(TASKS["NotifyFailure"]) == ["Failed", "Failed"]
    assert DEFINITION["States"]["Failed"]["Type"] == "Fail"
    assert DEFINITION["States"]["Stored?"]["Default"] == "NotifyFailure"


def test_a_delivery_that_reached_no_client_is_retried_and_does_not_fail_the_download() -> None:
    deliver = TASKS["Deliver"]
    (retry,) = [retry for retry in deliver["Retry"] if retry["ErrorEquals"] == [PushesGivenUpError.__name__]]
    assert deliver["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
    assert (1 + retry["MaxAttempts"]) * BUDGET_SECONDS > 30
    assert TASKS["Deliver"]["TimeoutSeconds"] > 2 * BUDGET_SECONDS
    assert deliver["Catch"][0]["ErrorEquals"] == [PushesGivenUpError.__name__]
    assert DEFINITION["States"][deliver["Catch"][0]["Next"]] == {"Type": "Succeed"}


def test_an_error_and_a_typed_outcome_reach_fail_in_the_same_place() -> None:
    catching = [state["Catch"][-1] for state in DEFINITION["States"].values() if "Catch" in state]
    assert {catch["ResultPath"] for catch in catching} == {"$.error"}
    assert TASKS["NotifyFailure"]["Parameters"]["Payload"]["error.$"] == "$.error"


def test_state_holds_an_execution_and_an_outcome_and_no_input_is_passed_on() -> None:
    payloads = [task["Parameters"]["Payload"] for name, task in TASKS.items() if name != "CopySlice"]
    payloads.append(SLICES["ItemSelector"])
    assert all(payload["executionArn.$"] == "$$.Execution.Id" for payload in payloads)
    keys = {"executionArn.$", "error.$", "slice.$", "slices.$", "results.$"}
    assert {key for payload in payloads for key in payload} == keys
    of_child = {"executionArn.$": "$.executionArn", "slice.$": "$.slice"}
    assert TASKS["CopySlice"]["Parameters"]["Payload"] == of_child, "the input of a child, not of the Map"
    assert all(task["OutputPath"] == "$.Payload" for task in TASKS.values())


def test_only_the_numbers_of_slices_travel_and_those_of_throttled_ones_come_back() -> None:
    """A state holds 256 KiB: a thousand children answer `{}`, or the number of their slice."""
    assert SLICES["ItemsPath"] == "$.slices"
    assert SLICES["ResultPath"] == "$.results"
    slices, results = list(range(9_000, 10_000)), [{"slice": index} for index in range(9_000, 10_000)]
    assert len(json.dumps({"slices": slices, "results": results})) < 256 * 1024 / 8
    choices = {choice["StringEquals"]: choice["Next"] for choice in DEFINITION["States"]["Stored?"]["Choices"]}
    assert choices == {
        "STORED": "Deliver",
        "PLANNED": "CopySlices",
        "THROTTLED": "AwaitCapacity",
        "RESTART": "Copy",
        "PREPARING": "AwaitOrigin",
    }
    assert (SLICES["Next"], DEFINITION["States"]["Complete"]["Next"]) == ("Complete", "Stored?")


def test_the_wait_for_an_origin_costs_no_function_and_three_transitions_a_request() -> None:
    """Copy, Stored? and AwaitOrigin, with the seconds of the outcome and nothing that names a URL."""
    assert DEFINITION["States"]["AwaitOrigin"] == {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Copy"}
    assert DEFINITION["States"]["Copy"]["Parameters"]["Payload"] == {"executionArn.$": "$$.Execution.Id"}


def test_two_workers_of_a_slice_fit_into_an_express_execution() -> None:
    """An Express execution ends after five minutes, and a worker ends before its function times out."""
    assert SLICES["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    attempts = 1 + TASKS["CopySlice"]["Retry"][-1]["MaxAttempts"]
    assert FUNCTIONS["copy_slice"].timeout_seconds > SECONDS + 20
    assert attempts * SECONDS + 30 < 300
    assert SLICES["Retry"] == [SLICES["Retry"][0] | {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]


def test_a_socket_that_is_closed_is_older_than_ten_seconds() -> None:
    """For the first ten seconds of a connection 410 does not mean that it is closed."""
    assert NUMBERS["websocket.idle_timeout_seconds"][1] >= YOUNG_SECONDS


def test_an_idle_socket_is_no_reason_to_wait_long_for_a_machine_to_be_deleted() -> None:
    """An execution of a machine that is deleted ends at its next transition: when its wait is over."""
    assert NUMBERS["websocket.idle_timeout_seconds"][2] + 30 < 300


def test_without_reuse_no_execution_waits_for_a_copy() -> None:
    assert "AwaitCopy" not in DEFINITION["States"]
    assert {"AwaitCopy"} == set(REUSING["States"]) - set(DEFINITION["States"])


def test_an_execution_that_waits_for_a_copy_then_copies_in_every_case() -> None:
    state = REUSING["States"]["AwaitCopy"]
    (wait,) = [choice for choice in REUSING["States"]["Stored?"]["Choices"] if choice["StringEquals"] == "WAIT"]
    assert (wait["Next"], state["Next"]) == ("AwaitCopy", "Copy")
    assert state["Resource"].endswith("updateItem.waitForTaskToken")
    assert state["TimeoutSeconds"] == 900
    retries, gives_up = state["Catch"]
    assert retries["ErrorEquals"] == ["DynamoDb.ConditionalCheckFailedException", "States.Timeout"]
    assert (retries["Next"], gives_up["Next"]) == ("Copy", "NotifyFailure")
    assert gives_up["ErrorEquals"] == ["States.ALL"]
