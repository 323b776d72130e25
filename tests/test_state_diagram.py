"""The diagram in docs/architecture.md is the definition's: whatever changes there shows, and the page has to follow."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tools.state_diagram import PAGE, diagram, rewritten

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


def test_the_page_shows_the_machine_as_it_is() -> None:
    page = PAGE.read_text()
    assert rewritten(page) == page, "run: make docs"


def test_a_machine_is_drawn_whole() -> None:
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
def test_no_change_of_the_machine_leaves_the_diagram_as_it_was(change: Callable[[dict[str, Any]], object]) -> None:
    changed = deepcopy(MACHINE)
    change(changed)
    assert diagram(changed) != diagram(MACHINE)
