"""What the parts of a deployment really call, read from the definitions themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Right = tuple[str, str]  # action, resource


def states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All states, also those inside maps and branches."""
    for name, state in definition["States"].items():
        yield name, state
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for nested in [*inner, *state.get("Branches", [])]:
            yield from states(nested)


def rights_wanted(definition: dict[str, Any], machine: str) -> set[Right]:
    """What the role of a state machine needs so that every state can run."""
    wanted: set[Right] = set()
    for _, state in states(definition):
        if ":aws-sdk:dynamodb:updateItem" in state.get("Resource", ""):
            table = machine.replace(":states:", ":dynamodb:").split(":stateMachine:")[0]
            wanted.add(("dynamodb:UpdateItem", f"{table}:table/{state['Parameters']['TableName']}"))
        elif state["Type"] == "Task":
            assert state["Resource"].endswith(":states:::lambda:invoke"), "a task whose rights are not known here"
            wanted.add(("lambda:InvokeFunction", state["Parameters"]["FunctionName"]))
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            execution = machine.replace(":stateMachine:", ":execution:")
            wanted.add(("states:StartExecution", machine))
            for verb in ("Describe", "Redrive", "Stop"):
                wanted |= {(f"states:{verb}Execution", f"{execution}{end}") for end in (":*", "/*")}
    return wanted


def rights_given(statements: list[dict[str, Any]], *services: str) -> set[Right]:
    """What statements allow, for some services; each action and resource on its own."""
    given: set[Right] = set()
    for statement in statements:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            if not services or action.split(":")[0] in services:
                given |= {(action, each) for each in ([resources] if isinstance(resources, str) else resources)}
    return given
