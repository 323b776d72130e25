"""The paths of `make test-parity` take every transition, and a state that they do not know is an error."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from integration_tests.parity.machines import MACHINES, all_paths, definition
from integration_tests.parity.paths import FOR_REAL, paths, shortened
from integration_tests.parity.transitions import UNEXPECTED, UnknownStateError, attempts, states_entered, walk

MACHINE: dict[str, Any] = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["Broken"], "Next": "Mend"}],
            "Next": "Done?",
        },
        "Mend": {"Type": "Pass", "Next": "Done?"},
        "Done?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.outcome", "StringEquals": "STORED", "Next": "Done"}],
            "Default": "Failed",
        },
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail"},
    },
}


def changed(state: str, **fields: Any) -> dict[str, Any]:
    machine = copy.deepcopy(MACHINE)
    machine["States"].setdefault(state, {}).update(fields)
    return machine


def test_each_transition_has_a_path_with_its_states_status_and_failures() -> None:
    outcomes = {path.name: (path.entered, path.status, path.failures) for path in paths("machine", MACHINE)}
    done, failed = ["Work", "Done?", "Done"], ["Work", "Done?", "Failed"]
    assert outcomes == {
        "Work Next": (done, "SUCCEEDED", 0),
        "Work Retry Busy": (done, "SUCCEEDED", 1),
        "Work Catch Broken": (["Work", "Mend", "Done?", "Done"], "SUCCEEDED", 1),
        f"Work Uncaught {UNEXPECTED}": (["Work"], "FAILED", 1),
        "Mend Next": (["Work", "Mend", "Done?", "Done"], "SUCCEEDED", 1),
        "Done? Choice STORED": (done, "SUCCEEDED", 0),
        "Done? Default": (failed, "FAILED", 0),
        "Done Succeed": (done, "SUCCEEDED", 0),
        "Failed Fail": (failed, "FAILED", 0),
    }


def test_a_failing_state_is_tried_as_often_as_its_rule_says() -> None:
    work = MACHINE["States"]["Work"]
    assert (attempts(work, "Busy"), attempts(work, "Broken")) == (3, 1)


def test_every_state_of_the_product_is_entered_by_a_path() -> None:
    tried = {(path.machine, state) for path in all_paths().values() for state in path.entered}
    for name in MACHINES:
        states = definition(name)["States"]
        same = {state for state in states if definition("reusing")["States"].get(state) == states[state]}
        assert set(states) - same <= {state for machine, state in tried if machine == name}, name
    assert all(("reusing", state) in tried for state, _ in FOR_REAL)


@pytest.mark.parametrize(
    "machine",
    [
        changed("Mend", Type="Parallel"),
        changed("Done?", Choices=[{"Variable": "$.size", "NumericEquals": 0, "Next": "Done"}]),
        changed("Work", Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Mend"}]),
        changed("Unreached", Type="Pass", End=True),
    ],
    ids=["a kind of state", "a choice", "an error that cannot be mocked", "a state that nothing leads to"],
)
def test_what_cannot_be_tried_is_an_error(machine: dict[str, Any]) -> None:
    with pytest.raises(UnknownStateError):
        list(paths("machine", machine))


def test_an_outcome_that_nobody_described_is_an_error() -> None:
    machine = changed("Done?", Choices=[{"Variable": "$.outcome", "StringEquals": "NEW", "Next": "Done"}])
    with pytest.raises(UnknownStateError, match="NEW"):
        list(paths("machine", machine))


def test_walks_are_the_shortest_and_take_an_error_only_where_nothing_else_leads() -> None:
    assert states_entered(walk(MACHINE, "Work", None)) == ["Work", "Done?", "Done"]
    assert [step.trigger for step in walk(MACHINE, "Work", "Mend")] == ["Catch"]


def test_shortening_changes_waits_and_counts_alone() -> None:
    machine = definition("reusing")
    short = shortened(machine, inline=False)
    assert short["States"].keys() == machine["States"].keys()
    for name, state in machine["States"].items():
        before = [rule["ErrorEquals"] for rule in state.get("Retry", [])]
        assert [rule["ErrorEquals"] for rule in short["States"][name].get("Retry", [])] == before
        assert short["States"][name].get("Catch") == state.get("Catch")
    assert machine == definition("reusing"), "the definition itself is left as it is"
