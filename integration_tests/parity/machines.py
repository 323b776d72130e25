"""The state machines that the component registers, and their paths."""

from __future__ import annotations

from functools import cache
from typing import Any

from integration_tests.parity.paths import FILE_ID, INPUTS, Path, lambda_answer, paths, shortened
from tests.components.support.harness import deploy

MACHINES: dict[str, tuple[str, dict[str, Any]]] = {  # name -> machine, and arguments of the component
    "reusing": ("transfer", {"copying.reuse_seconds": 600, "cloud.slice_execution_type": "STANDARD"}),
    "transfer": ("transfer", {}),
    "closing": ("closing", {}),
}
INLINE = "-inline"
ROLE = "arn:aws:iam::000000000000:role/states"
AWAITING, AWAITING_CASE = "awaiting", "RealTokens"  # used by test_await_copy.py


@cache
def definition(name: str) -> dict[str, Any]:
    """Return the definition of a machine."""
    kind, args = MACHINES[name]
    return deploy(args).resource("sfn/stateMachine:StateMachine", kind).json("definition")


def tried_definitions() -> dict[str, dict[str, Any]]:
    """Return name -> shortened definition, those with a Map also with an Inline one."""
    tried = {}
    for name in MACHINES:
        tried[name] = shortened(definition(name), inline=False)
        if any(state["Type"] == "Map" for state in tried[name]["States"].values()):
            tried[name + INLINE] = shortened(definition(name), inline=True)
    return tried


@cache
def all_paths() -> dict[str, Path]:
    """Return name of a test case -> path."""
    machine_paths: list[Path] = []
    tried: list[dict[str, Any]] = []
    for name in MACHINES:
        machine = shortened(definition(name), inline=False)
        machine_paths += paths(name, machine, tried)
        tried.append(machine)
    return {f"Path{number}": path for number, path in enumerate(machine_paths)}


def responses() -> dict[str, Any]:
    """Return the mocked responses of all paths, and those around `AwaitCopy` where it is not mocked."""
    machines: dict[str, Any] = {name: {"TestCases": {}} for name in tried_definitions()}
    mocked: dict[str, Any] = {}
    cases = [(machine_of(path), case, path.answers) for case, path in all_paths().items()]
    waiting = {"Copy": [lambda_answer({"outcome": "WAIT", "fileId": FILE_ID}), lambda_answer({"outcome": "STORED"})]}
    cases.append((AWAITING, AWAITING_CASE, waiting | {"Deliver": [lambda_answer({})]}))
    for machine, case, answers in cases:
        names = {state: f"{case}-{state}" for state in answers}
        machines.setdefault(machine, {"TestCases": {}})["TestCases"][case] = names
        mocked |= {names[state]: _numbered(state_answers) for state, state_answers in answers.items()}
    return {"StateMachines": machines, "MockedResponses": mocked}


def machine_of(path: Path) -> str:
    """Return the name of the machine that a path runs on."""
    return path.machine + (INLINE if path.inline else "")


def input_of(path: Path) -> dict[str, Any]:
    """Return the input of a path's execution."""
    kind, _ = MACHINES[path.machine]
    return INPUTS[kind]


def _numbered(answers: list[Any]) -> dict[str, Any]:
    return {str(number): answer for number, answer in enumerate(answers)}
