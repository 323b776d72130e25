"""The diagram of docs/architecture.md, drawn from the state machine's definition: `make docs`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from async_download.workflow.state_machine import definition

from tools.readme_tables import TOP

PAGE = TOP / "docs" / "architecture.md"
INDENT = "    "


def diagram(machine: dict[str, Any]) -> str:
    """A machine as a Mermaid state diagram: each step, choice and caught error of it, and nothing else."""
    return "\n".join(["stateDiagram-v2", *(INDENT + line for line in _lines(machine))])


def drawn() -> str:
    """The diagram of our machine."""
    return diagram(definition(**_example()))


def rewrite(page: str) -> str:
    """The page with the diagram as it should be."""
    block = f"<!-- states -->\n```mermaid\n{drawn()}\n```\n<!-- /states -->"
    page, count = re.subn(r"<!-- states -->.*?<!-- /states -->", lambda _: block, page, flags=re.DOTALL)
    assert count == 1, f"{PAGE.name} has to hold one <!-- states --> block"
    return page


def _example() -> dict[str, Any]:
    """Arguments of `definition` by what they are: ARNs of functions, and numbers."""
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
    """Where a state leads to, and why there."""
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
    PAGE.write_text(rewrite(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
