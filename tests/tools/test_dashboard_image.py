"""The picture of the dashboard is that of the code, and shows every widget and every line of it."""

from __future__ import annotations

import re
from functools import cache
from xml.etree import ElementTree

from tests.components.support.harness import deploy
from tests.components.support.monitored import DASHBOARD, TOPIC
from tools import dashboard_image
from tools.dashboard_image import COLUMN, IMAGE

drawing = cache(dashboard_image.drawing)
TITLE_CHARACTER = 7.8  # width in pixels, at most
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_that_of_the_code() -> None:
    assert IMAGE.read_text(encoding="utf-8") == drawing(), "run: make docs"


def test_every_widget_alarm_and_line_is_drawn_within_the_picture() -> None:
    root = ElementTree.fromstring(drawing())  # noqa: S314 - our own drawing
    texts = [str(element.text) for element in root.iter(f"{SVG}text")]
    args = {"observability.dashboard": True, "observability.alarms.topic_arn": TOPIC}
    widgets = deploy(args).resource(DASHBOARD).json("dashboardBody")["widgets"]
    lines = 0
    for widget in widgets:
        properties = widget["properties"]
        assert properties["title"] in texts
        assert len(properties["title"]) * TITLE_CHARACTER < widget["width"] * COLUMN - 20
        assert {arn.partition("-alarm-")[2] for arn in properties.get("alarms", ())} <= set(texts)
        for metric in properties.get("metrics", ()):
            lines += 1
            assert metric[-1]["label"] in texts
    assert len(list(root.iter(f"{SVG}polyline"))) == lines
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root.iter(f"{SVG}text"):
        assert 0 < float(element.attrib["x"]) < width
        assert 0 < float(element.attrib["y"]) < height


def test_the_picture_has_colours_for_both_schemes() -> None:
    text = drawing()
    assert "prefers-color-scheme: dark" in text
    light, dark = (set(re.findall(r"--(\w+):", part)) for part in text.split("@media")[:2])
    assert light == dark
    assert set(re.findall(r"var\(--(\w+)\)", text)) <= light
