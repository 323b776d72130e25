"""The diagram of docs/architecture.md, drawn from the state machine's definition: `make docs`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from async_download.workflow.state_machine import definition

from tools.page_blocks import write_blocks
from tools.readme_tables import TOP

PAGE = TOP / "docs" / "architecture.md"
INDENT = "    "


def diagram(machine: dict[str, Any]) -> str:
    """Return a machine as a Mermaid state diagram: each step, choice and caught error of it, and nothing else."""
    return "\n".join(["stateDiagram-v2", *(INDENT + line for line in _lines(machine))])


def blocks() -> dict[str, str]:
    """Return the diagram of the component's machine, by the name of its block."""
    return {"states": f"```mermaid\n{diagram(definition(**_example()))}\n```"}


def _example() -> dict[str, Any]:
    """Return arguments of `definition` by what they are: ARNs of functions, and numbers."""
    parameters = inspect.signature(definition).parameters
    numbers = {name: 1 for name, parameter in parameters.items() if parameter.annotation is int}
    return {name: f"arn:aws:lambda:eu-west-1:123456789012:function:{name}" for name in parameters} | numbers


def _lines(machine: dict[str, Any]) -> Iterator[str]:
    yield f"[*] --> {_id(machine['StartAt'])}"
    for name, state in machine["States"].items():
        if _id(name) != name:
            yield f'state "{name}" as {_id(name)}'
        for nested in [state[key] for key in ("ItemProcessor", "Iterator") if key in state] + state.get("Branches", []):
            yield f"state {_id(name)} {{"
            yield from (INDENT + line for line in _lines(nested))
            yield "}"
        for target, why in _ways(state):
            yield f"{_id(name)} --> {_id(target)}" + (f": {why}" if why else "")


def _ways(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the next states of a state, each with its condition."""
    for choice in state.get("Choices", ()):
        yield choice["Next"], str(choice["StringEquals"])
    if "Default" in state:
        yield state["Default"], "otherwise"
    if "Next" in state:
        yield state["Next"], ""
    for catch in state.get("Catch", ()):
        errors = [error.rpartition(".")[2] for error in catch["ErrorEquals"]]
        yield catch["Next"], "any error" if errors == ["ALL"] else " or ".join(errors)
    if state.get("End") or state["Type"] in ("Fail", "Succeed"):
        yield "[*]", ""


def _id(name: str) -> str:
    return name if name == "[*]" else re.sub(r"\W", "", name)


if __name__ == "__main__":
    write_blocks(PAGE, blocks())
