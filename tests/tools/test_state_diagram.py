"""The state diagram in docs/architecture.md is that of the state machine's definition."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tools.page_blocks import replace_blocks
from tools.state_diagram import PAGE, blocks, diagram

END = {"Type": "Fail"}
MACHINE: dict[str, Any] = {
    "StartAt": "Do",
    "States": {
        "Do": {"Type": "Task", "Next": "Done?", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Stop"}]},
        "Done?": {"Type": "Choice", "Choices": [{"StringEquals": "YES", "Next": "Many"}], "Default": "Stop"},
        "Many": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Task", "End": True}}},
            "Next": "Stop",
        },
        "Stop": END,
    },
}
CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda machine: machine.update(StartAt="Many"),
    lambda machine: machine["States"]["Do"].update(Next="Many"),
    lambda machine: machine["States"]["Do"]["Catch"][0].update(Next="Many"),
    lambda machine: machine["States"]["Do"]["Catch"][0].update(ErrorEquals=["States.Timeout"]),
    lambda machine: machine["States"]["Done?"]["Choices"][0].update(StringEquals="NO"),
    lambda machine: machine["States"]["Done?"].update(Default="Many"),
    lambda machine: machine["States"]["Many"]["ItemProcessor"]["States"].update(Two=END),
    lambda machine: machine["States"].update(More=END),
]


def test_the_page_has_the_current_diagram() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert replace_blocks(page, blocks()) == page, "run: make docs"


def test_the_diagram_has_every_state_and_transition() -> None:
    assert diagram(MACHINE).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> Do",
        "    Do --> Done",
        "    Do --> Stop: any error",
        '    state "Done?" as Done',
        "    Done --> Many: YES",
        "    Done --> Stop: otherwise",
        "    state Many {",
        "        [*] --> One",
        "        One --> [*]",
        "    }",
        "    Many --> Stop",
        "    Stop --> [*]",
    ]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_machine_changes_the_diagram(change: Callable[[dict[str, Any]], object]) -> None:
    changed = deepcopy(MACHINE)
    change(changed)
    assert diagram(changed) != diagram(MACHINE)
