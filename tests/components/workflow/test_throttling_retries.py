"""Downloads queue for an hour or more while Lambda throttles, in every task and for both types of slice executions."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from async_download.functions import FUNCTIONS
from async_download.settings.cloud import ExecutionType
from async_download.workflow.retry_rules import THROTTLED_ATTEMPTS
from async_download.workflow.state_machine import definition, idle_closer

from runtime.handlers.copy_slice import SECONDS
from tests.components.support.declarations import NUMBERS
from tests.components.support.harness import REPOSITORY
from tests.components.support.service_permissions import states
from tests.components.support.throttling_retries import (
    EVENTS_OF_ATTEMPT,
    HISTORY_EVENTS,
    MIN_WAIT_SECONDS,
    THROTTLED,
    ShortRetriesError,
    check_throttling_retries,
    delays,
    min_wait,
    rule_for,
    standard_tasks,
)
from tests.components.workflow.test_state_machine import ARN, WORKERS

DAY = NUMBERS["retention.download_expires_seconds"][0]
Machine = dict[str, Any]


def machine_of(children: ExecutionType) -> Machine:
    """Return the definition of the machine that copies, with every optional state."""
    arns = {key: f"{ARN}{key}" for key in WORKERS}
    return definition(**arns, concurrency=8, seconds=DAY, copies="copies", children=children)


EXPRESS, STANDARD = (machine_of(children) for children in ExecutionType)
IDLE_CLOSER = idle_closer(close=f"{ARN}close", seconds=NUMBERS["websocket.idle_timeout_seconds"][2])
MACHINES = {"express": EXPRESS, "standard": STANDARD, "closing": IDLE_CLOSER}
CHILD = EXPRESS["States"]["CopySlices"]["ItemProcessor"]["States"]["CopySlice"]


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_standard_task_waits_an_hour_and_more_for_a_throttled_function(machine: Machine) -> None:
    check_throttling_retries(machine)


def test_the_tasks_that_wait_are_all_that_call_a_function() -> None:
    express = {"Copy", "Complete", "Deliver", "NotifyFailure"}
    assert {name for name, _ in standard_tasks(EXPRESS)} == express
    assert {name for name, _ in standard_tasks(STANDARD)} == express | {"CopySlice"}
    assert {name for name, _ in standard_tasks(IDLE_CLOSER)} == {"Close"}


def _first_rule(machine: Machine, task: str) -> dict[str, Any]:
    rule: dict[str, Any] = dict(states(machine))[task]["Retry"][0]
    return rule


SHORT_RETRIES: dict[str, Callable[[Machine, str], object]] = {
    "no rule": lambda machine, task: dict(states(machine))[task].pop("Retry"),
    "none of its own": lambda machine, task: dict(states(machine))[task]["Retry"].pop(0),
    "behind all errors": lambda machine, task: dict(states(machine))[task]["Retry"].reverse(),
    "with other errors": lambda machine, task: _first_rule(machine, task)["ErrorEquals"].append("Lambda.Unknown"),
    "six attempts": lambda machine, task: _first_rule(machine, task).update(MaxAttempts=6),
    "an hour only without jitter": lambda machine, task: _first_rule(machine, task).update(MaxAttempts=70),
    "short delays": lambda machine, task: _first_rule(machine, task).update(MaxDelaySeconds=5),
    "delays that grow": lambda machine, task: _first_rule(machine, task).pop("MaxDelaySeconds"),
    "too many events": lambda machine, task: _first_rule(machine, task).update(MaxAttempts=8000),
}


@pytest.mark.parametrize("change", SHORT_RETRIES.values(), ids=SHORT_RETRIES)
@pytest.mark.parametrize("task", ["Copy", "CopySlice", "Complete", "Deliver", "NotifyFailure"])
def test_a_task_with_short_retries_is_found(task: str, change: Callable[[Machine, str], object]) -> None:
    changed = deepcopy(STANDARD)
    change(changed, task)
    with pytest.raises(ShortRetriesError, match=task):
        check_throttling_retries(changed)


def test_the_bound_of_random_delays_is_below_what_they_come_to() -> None:
    """The sums: 1 + 2 + 4 + 8 + 8 without jitter; 100 random delays from 0 to 60 s take 3,000 s on average."""
    rule = {"IntervalSeconds": 1, "BackoffRate": 2, "MaxDelaySeconds": 8, "MaxAttempts": 5}
    assert (delays(rule), min_wait(rule)) == ([1, 2, 4, 8, 8], 23)
    even = {"IntervalSeconds": 60, "BackoffRate": 1, "MaxAttempts": 100, "JitterStrategy": "FULL"}
    assert 1900 < min_wait(even) < 2000
    assert min_wait(rule | {"JitterStrategy": "FULL"}) < 1


def test_notify_failure_retries_as_long_as_copy() -> None:
    notify_rule, copy_rule = (rule_for(THROTTLED, EXPRESS["States"][name]) for name in ("NotifyFailure", "Copy"))
    assert notify_rule
    assert copy_rule
    assert min_wait(notify_rule) >= min_wait(copy_rule)


def test_the_documentation_names_the_time_of_the_retries() -> None:
    """The retries take eight hours, and never less than seven."""
    rule = rule_for(THROTTLED, EXPRESS["States"]["Copy"])
    assert rule
    assert sum(delays(rule)) / 2 == pytest.approx(8 * 3600, rel=0.05)
    assert min_wait(rule) > 7 * 3600
    assert rule["MaxAttempts"] == THROTTLED_ATTEMPTS == 1000
    page = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    for words in ("eight hours, and never less than seven", "1,000 attempts", "up to 60 s", "about 120 an hour"):
        assert words in page


def test_a_throttled_close_is_retried_as_long_as_sockets_can_be_open() -> None:
    """The machine's own limit ends the wait, after an hour or more."""
    wait = IDLE_CLOSER["States"]["Wait"]["Seconds"]
    assert IDLE_CLOSER["TimeoutSeconds"] - wait - IDLE_CLOSER["States"]["Close"]["TimeoutSeconds"] > MIN_WAIT_SECONDS
    assert IDLE_CLOSER["TimeoutSeconds"] == 7200


def test_a_throttled_child_and_two_workers_fit_into_an_express_execution() -> None:
    rule = rule_for(THROTTLED, CHILD)
    assert rule
    assert rule["ErrorEquals"] == [THROTTLED]
    workers = 1 + CHILD["Retry"][-1]["MaxAttempts"]
    assert sum(delays(rule)) + workers * SECONDS + 20 < 300
    assert FUNCTIONS["copy_slice"].timeout_seconds > SECONDS


@pytest.mark.parametrize("machine", [EXPRESS, STANDARD], ids=["express", "standard"])
def test_a_child_that_stays_throttled_succeeds_and_names_its_slice(machine: Machine) -> None:
    """A failed child would fail the Map, and other errors still do."""
    children = machine["States"]["CopySlices"]["ItemProcessor"]["States"]
    (catch,) = children["CopySlice"]["Catch"]
    assert catch == {"ErrorEquals": [THROTTLED], "ResultPath": None, "Next": "Throttled"}
    assert children["Throttled"] == {"Type": "Pass", "Parameters": {"slice.$": "$.slice"}, "End": True}


def test_throttled_slices_wait_and_are_copied_again() -> None:
    (choice,) = [choice for choice in EXPRESS["States"]["Stored?"]["Choices"] if choice["StringEquals"] == "THROTTLED"]
    assert choice["Next"] == "AwaitCapacity"
    assert EXPRESS["States"]["AwaitCapacity"] == {"Type": "Wait", "Seconds": 60, "Next": "CopySlices"}
    assert EXPRESS["States"]["CopySlices"]["ItemsPath"] == "$.slices"


def test_a_day_of_queueing_fits_into_the_history_of_an_execution() -> None:
    """Attempts of one task, and rounds of slices: a Map, Complete, Stored? and AwaitCapacity."""
    rule = rule_for(THROTTLED, EXPRESS["States"]["Copy"])
    assert rule
    assert DAY / (rule["MaxDelaySeconds"] / 2) * EVENTS_OF_ATTEMPT < HISTORY_EVENTS / 2
    events_of_round = 4 + 5 + 2 + 2
    assert DAY / EXPRESS["States"]["AwaitCapacity"]["Seconds"] * events_of_round < HISTORY_EVENTS
