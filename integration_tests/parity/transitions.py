"""The transitions of a state machine's definition, and the shortest walks through them.

A definition with a feature that this module does not handle (a Parallel state, a choice by another variable) raises an
error, so that no new kind of state stays untested.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Machine = Mapping[str, Any]
State = Mapping[str, Any]
UNEXPECTED = "UnexpectedError"  # only `States.ALL` matches it
ENDS = ("Succeed", "Fail")
PLAIN = ("Next", "Choice", "Default", *ENDS)


class UnknownStateError(Exception):
    """The definition has a feature that this module does not handle."""


@dataclass(frozen=True)
class Transition:
    """A transition out of a state.

    Attributes:
        state: the state that it leaves.
        trigger: Next, Choice, Default, Succeed, Fail, Catch, Uncaught or Retry.
        target: the next state, None at the end of the execution; of Retry the same state.
        value: the outcome of a Choice, or the error of Catch, Uncaught and Retry.
    """

    state: str
    trigger: str
    target: str | None
    value: str = ""


def transitions(machine: Machine) -> list[Transition]:
    """Return every transition between the states of one level; those inside a Map are the child's own."""
    return [transition for name, state in machine["States"].items() for transition in _leaving(name, state)]


def _leaving(name: str, state: State) -> Iterator[Transition]:
    kind = state["Type"]
    if kind == "Choice":
        for rule in state["Choices"]:
            if set(rule) != {"Variable", "StringEquals", "Next"} or rule["Variable"] != "$.outcome":
                raise UnknownStateError(f"{name} does not choose by the outcome alone: {rule}")
            yield Transition(name, "Choice", rule["Next"], rule["StringEquals"])
        yield Transition(name, "Default", state["Default"])
    elif kind in ENDS:
        yield Transition(name, kind, None)
    elif kind in ("Task", "Map", "Pass", "Wait"):
        yield Transition(name, "Next", None if state.get("End") else state["Next"])
        if kind in ("Task", "Map"):
            yield from _failing(name, state)
    else:
        raise UnknownStateError(f"{name} is a {kind}")


def _failing(name: str, state: State) -> Iterator[Transition]:
    for rule in state.get("Retry", []):
        for error in rule["ErrorEquals"]:
            yield Transition(name, "Retry", name, _example(error))
    caught = [(_example(error), rule["Next"]) for rule in state.get("Catch", []) for error in rule["ErrorEquals"]]
    yield from (Transition(name, "Catch", target, error) for error, target in caught)
    if UNEXPECTED not in dict(caught):
        yield Transition(name, "Uncaught", None, UNEXPECTED)


def attempts(state: State, error: str) -> int:
    """Return the number of attempts of a state that always fails with this error."""
    for rule in state.get("Retry", []):
        if error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]:
            return 1 + int(rule.get("MaxAttempts", 3))
    return 1


def walk(machine: Machine, start: str, goal: str | None) -> list[Transition]:
    """Return the shortest walk from a state to another, or to an end; it takes errors only if nothing else leads there.

    Raises:
        UnknownStateError: there is none.
    """
    for triggers in (PLAIN, (*PLAIN, "Catch")):
        shortest = _shortest([step for step in transitions(machine) if step.trigger in triggers], start, goal)
        if shortest is not None:
            return shortest
    raise UnknownStateError(f"No transitions lead from {start} to {goal or 'an end'}.")


def _shortest(steps: Sequence[Transition], start: str, goal: str | None) -> list[Transition] | None:
    todo: deque[tuple[str | None, list[Transition]]] = deque([(start, [])])
    visited: set[str | None] = set()
    while todo:
        state, taken = todo.popleft()
        if state == goal:
            return taken
        if state not in visited:
            visited.add(state)
            todo += [(step.target, [*taken, step]) for step in steps if step.state == state]
    return None


def through(machine: Machine, transition: Transition) -> list[Transition]:
    """Return a walk from start to end through a transition."""
    before = walk(machine, machine["StartAt"], transition.state)
    after = walk(machine, transition.target, None) if transition.target else []
    return [*before, transition, *after]


def states_entered(steps: Sequence[Transition]) -> list[str]:
    """Return the states of a walk in order; one that is retried is entered once."""
    return [step.state for step in steps if step.trigger != "Retry"]


def _example(error: str) -> str:
    return UNEXPECTED if error == "States.ALL" else error
