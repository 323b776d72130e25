"""Executions that take every transition of a definition: the results of their tasks, and the expected states."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration_tests.parity.transitions import (
    UNEXPECTED,
    Machine,
    Transition,
    UnknownStateError,
    attempts,
    states_entered,
    through,
    transitions,
    walk,
)

MAX_ATTEMPTS = 3
FILE_ID = "f" * 64
OUTCOMES: dict[str, dict[str, Any]] = {  # fields of the result with each outcome
    "STORED": {},
    "PLANNED": {"slices": [0]},
    "RESTART": {},
    "THROTTLED": {"slices": [0]},
    "PREPARING": {"seconds": 1},
    "WAIT": {"fileId": FILE_ID},
    "FAILED": {"error": {"code": "ORIGIN_NOT_FOUND", "message": "The origin answered HTTP 404."}},
}
FOR_REAL = {("AwaitCopy", "States.Timeout")}  # in test_await_copy.py: a mocked task cannot throw `States.` errors
INPUTS: dict[str, dict[str, Any]] = {  # kind of machine -> input of its executions
    "transfer": {"downloadId": "0" * 32},
    "closing": {"executionArn": "arn", "connectionIds": ["c1"], "since": "2026-11-28T00:00:00.000Z"},
}


@dataclass
class Path:
    """One execution.

    Attributes:
        answers: state -> mocked results of its task, in the form of Step Functions Local.
        inline: whether its Map has to be an Inline one.
    """

    machine: str
    name: str
    status: str
    entered: list[str]
    inline: bool = False
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def failures(self) -> int:
        """The number of failing tasks."""
        return sum("Throw" in answer for answers in self.answers.values() for answer in answers)


def paths(name: str, machine: Machine, tried: Sequence[Machine] = ()) -> Iterator[Path]:
    """Yield a path for each transition of a machine and of the children of its Map.

    States that a machine in `tried` has as well need no second path.
    """
    same = {state for state in machine["States"] for other in tried if _has(other, state, machine)}
    for transition in transitions(machine):
        if transition.state in same or (transition.state, transition.value) in FOR_REAL:
            continue
        steps = through(machine, transition)
        yield _path(name, machine, steps, f"{transition.state} {transition.trigger} {transition.value}".strip())
    for map_name, child in _children(machine):
        if map_name in same:
            continue
        before = walk(machine, machine["StartAt"], map_name)
        after = walk(machine, map_name, None)
        for transition in transitions(child):
            if transition.trigger != "Uncaught":  # it is among the transitions of the Map itself
                inside = through(child, transition)
                label = f"{map_name}/{transition.state} {transition.trigger} {transition.value}".strip()
                yield _path(name, machine, [*before, *after], label, {map_name: inside})


def shortened(machine: Machine, *, inline: bool) -> dict[str, Any]:
    """Return the definition with waits of one second, at most three retries and STANDARD children of its Map.

    LocalStack refuses EXPRESS children, which are the default. `inline` makes the Map an Inline one: LocalStack's
    Distributed Map forgives children that fail, AWS's does not.
    """
    short = copy.deepcopy(dict(machine))
    for state in short["States"].values():
        for rule in state.get("Retry", []):
            rule["MaxAttempts"] = min(rule["MaxAttempts"], MAX_ATTEMPTS)
            rule |= {"IntervalSeconds": 1, "BackoffRate": 1}
        if "Seconds" in state:
            state["Seconds"] = 1
        if "ItemProcessor" in state:
            config = state["ItemProcessor"]["ProcessorConfig"]
            state["ItemProcessor"] = shortened(state["ItemProcessor"], inline=inline)
            if inline:
                state["ItemProcessor"]["ProcessorConfig"] = {"Mode": "INLINE"}
                del state["Label"]
            else:
                state["ItemProcessor"]["ProcessorConfig"] = config | {"ExecutionType": "STANDARD"}
    return short


def _has(other: Machine, state: str, machine: Machine) -> bool:
    return bool(other["States"].get(state) == machine["States"][state])


def _children(machine: Machine) -> Iterator[tuple[str, Machine]]:
    for name, state in machine["States"].items():
        if state["Type"] == "Map":
            yield name, state["ItemProcessor"]


def _path(
    name: str,
    machine: Machine,
    steps: Sequence[Transition],
    label: str,
    inside: dict[str, list[Transition]] | None = None,
) -> Path:
    ended = "SUCCEEDED" if steps[-1].trigger in ("Next", "Succeed") else "FAILED"
    inline = any(machine["States"][step.state]["Type"] == "Map" and step.trigger != "Next" for step in steps)
    path = Path(name, label, ended, [], inline or inside is not None)
    retried = False
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        state = machine["States"][step.state]
        if not retried:
            path.entered.append(step.state)
        retried = step.trigger == "Retry"
        if state["Type"] == "Map":
            _answer_map(path, state, step, (inside or {}).get(step.state))
        elif state["Type"] == "Task":
            path.answers[step.state] += _answers(state, step, following)
    return path


def _answer_map(path: Path, state: Any, step: Transition, inside: list[Transition] | None) -> None:
    child = state["ItemProcessor"]
    passing = inside or walk(child, child["StartAt"], None)
    failing = through(child, Transition(child["StartAt"], "Uncaught", None, UNEXPECTED))
    runs = {"Next": [passing], "Retry": [failing]}.get(step.trigger) or [failing] * attempts(state, step.value)
    for run in runs:
        if path.inline:
            path.entered += states_entered(run)
        for inner, following in zip(run, [*run[1:], None], strict=True):
            inner_state = child["States"][inner.state]
            if inner_state["Type"] == "Task":
                path.answers[inner.state] += _answers(inner_state, inner, following)


def _answers(state: Any, step: Transition, following: Transition | None) -> list[dict[str, Any]]:
    if step.trigger == "Next":
        return [_returned(state, _payload(following))]
    if step.value.startswith("States."):
        raise UnknownStateError(
            f"{step.state}: {step.value} cannot be mocked; try it for real and name it in FOR_REAL."
        )
    error = {"Throw": {"Error": step.value, "Cause": '{"errorMessage": "It failed."}'}}
    return [error] * (1 if step.trigger == "Retry" else attempts(state, step.value))


def _payload(following: Transition | None) -> dict[str, Any]:
    """Return what a task answers so that the choice behind it, if there is one, takes this transition."""
    outcome = {"Choice": following.value, "Default": "FAILED"}.get(following.trigger) if following else None
    if outcome is None:
        return {}
    if outcome not in OUTCOMES:
        raise UnknownStateError(f"Say in OUTCOMES what comes with the outcome {outcome}.")
    return {"outcome": outcome} | OUTCOMES[outcome]


def _returned(state: Any, payload: dict[str, Any]) -> dict[str, Any]:
    if state["Resource"].endswith(":states:::lambda:invoke"):
        return lambda_answer(payload)
    return {"Return": payload}


def lambda_answer(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the mocked response of a function."""
    return {"Return": {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload}}
