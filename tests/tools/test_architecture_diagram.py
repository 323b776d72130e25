"""The drawings in docs/ are those of the code, and show every function, table, queue and bucket."""

from __future__ import annotations

import re
from functools import cache
from xml.etree import ElementTree

import pytest
from async_download.functions import ALL_FUNCTIONS
from async_download.names import hyphenated

from tools import architecture_diagram
from tools.architecture_diagram import PACKAGES, SYSTEM
from tools.svg import Arrow, Box, draw

drawings = cache(architecture_diagram.drawings)
packages = cache(architecture_diagram.packages)
system = cache(architecture_diagram.system)


def test_the_drawings_are_those_of_the_code() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in (SYSTEM, PACKAGES)} == drawings(), "run: make docs"


def test_every_function_is_drawn_once() -> None:
    boxes, _ = system()
    drawn = [line for box in boxes.values() if box.kind == "function" for line in box.lines]
    assert sorted(drawn) == sorted(map(hyphenated, ALL_FUNCTIONS))


def test_arrows_follow_integrations_definitions_rules_and_policies() -> None:
    boxes, arrows = system()
    pairs = {(arrow.source, arrow.target) for arrow in arrows}
    rest, socket, copying = (f"functions of {caller}" for caller in ("rest", "socket", "machine:transfer"))
    assert {("rest", rest), ("socket", socket), ("machine:transfer", copying), (rest, "machine:transfer")} <= pairs
    assert {(copying, "data:files-copies"), (copying, "origin"), ("events", copying)} <= pairs
    assert (rest, "data:connections") not in pairs
    assert {name for pair in pairs for name in pair} == set(boxes)


def test_no_import_leads_up() -> None:
    boxes, arrows = packages()
    assert arrows
    assert [arrow for arrow in arrows if boxes[arrow.source].y >= boxes[arrow.target].y] == []


@pytest.mark.parametrize("path", [SYSTEM, PACKAGES], ids=lambda path: path.name)
def test_no_boxes_overlap_and_text_is_text(path: object) -> None:
    boxes, _ = system() if path == SYSTEM else packages()
    for first in boxes.values():
        for second in boxes.values():
            apart_x = first.x + first.width <= second.x or second.x + second.width <= first.x
            apart_y = first.y + first.height <= second.y or second.y + second.height <= first.y
            assert first is second or apart_x or apart_y, (first, second)
    root = ElementTree.fromstring(drawings()[SYSTEM if path == SYSTEM else PACKAGES])  # noqa: S314 - our own drawing
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {box.title for box in boxes.values()} <= texts


def test_a_drawing_has_colours_for_both_schemes() -> None:
    boxes = {"a": Box("api", 0, 0, 10, 10, "<A>"), "b": Box("data", 50, 0, 10, 10, "B")}
    text = draw(boxes, [Arrow("a", "b", dashed=True)], "Two boxes", [])
    assert "prefers-color-scheme: dark" in text
    assert "&lt;A&gt;" in text
    light, dark = (set(re.findall(r"--(\w+):", part)) for part in text.split("@media")[:2])
    assert light == dark
    assert set(re.findall(r"var\(--(\w+)\)", text)) <= light
