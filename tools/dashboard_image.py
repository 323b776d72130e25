"""Draws docs/dashboard.svg from the dashboard that the component registers, with sample values: `make docs`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from tests.components.support.harness import deploy
from tests.components.support.monitored import DASHBOARD, TOPIC
from tools.readme_tables import TOP

IMAGE = TOP / "docs" / "dashboard.svg"
COLUMN, ROW, GAP = 44, 40, 8  # of the grid, in pixels
COLUMNS = 24
NOTE = 24
POINTS = 24
CHARACTER = 5.6  # width in a legend
LINE_COLOURS = ("#2f81f7", "#db6d28", "#2da44e", "#cf222e", "#8957e5", "#bf8700", "#1b7c83", "#bf3989")
STYLE = """
:root { --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --paper: #f6f8fa; --card: #ffffff; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #f0f6fc; --quiet: #9198a1; --line: #3d444d; --paper: #0d1117;
  --card: #151b23; --good: #3fb950; } }
text { font: 10px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--quiet); }
.title { font-size: 13px; font-weight: 600; fill: var(--ink); } .paper { fill: var(--paper); }
.card { fill: var(--card); stroke: var(--line); } .axis { stroke: var(--line); fill: none; }
.graph { fill: none; stroke-width: 1.6; } .good { fill: var(--good); }
"""


def image(dashboard: Mapping[str, Any]) -> str:
    """Return the picture of a dashboard as SVG."""
    widgets: list[dict[str, Any]] = dashboard["widgets"]
    width = COLUMNS * COLUMN + GAP
    height = max(widget["y"] + widget["height"] for widget in widgets) * ROW + GAP + NOTE
    title = "The dashboard of a stack, with sample values"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">',
        f"<title>{title}</title><style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
    ]
    for widget in widgets:
        parts += _widget(widget)
    parts.append(f'<text x="{GAP}" y="{height - 9}">Lines are sample values.</text>')
    return "\n".join([*parts, "</svg>", ""])


def _widget(widget: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a widget: its card and title, and its graph or its alarms."""
    x, y = widget["x"] * COLUMN + GAP, widget["y"] * ROW + GAP
    width, height = widget["width"] * COLUMN - GAP, widget["height"] * ROW - GAP
    yield f'<rect class="card" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
    yield _text(x + 10, y + 18, widget["properties"]["title"], "title")
    if widget["type"] == "alarm":
        yield from _alarms(x, y, width, widget["properties"]["alarms"])
    else:
        yield from _graph(x, y, width, height, widget["properties"])


def _alarms(x: int, y: int, width: int, arns: Sequence[str]) -> Iterator[str]:
    """Yield a square and the name of each alarm, without the prefix of the stack."""
    columns = 5
    for number, arn in enumerate(arns):
        left = x + 10 + number % columns * (width - 20) // columns
        top = y + 28 + number // columns * 20
        yield f'<rect class="good" x="{left}" y="{top}" width="10" height="10" rx="2"/>'
        yield _text(left + 15, top + 9, arn.partition("-alarm-")[2])


def _graph(x: int, y: int, width: int, height: int, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield axes, lines and legend of a graph."""
    lines = [(metric[1], metric[-1]) for metric in properties["metrics"]]
    legend = list(_legend(x + 10, width - 20, [options["label"] for _, options in lines]))
    rows = 1 + max((row for row, _, _ in legend), default=0)
    top, bottom = y + 44, y + height - 12 - 13 * rows
    left, right = x + 10, x + width - 10
    axes = properties["yAxis"]
    yield _text(left, y + 34, axes["left"]["label"])
    if "right" in axes:
        yield f'<text text-anchor="end" x="{right}" y="{y + 34}">{escape(axes["right"]["label"])}</text>'
    yield f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>'
    for number, (metric, options) in enumerate(lines):
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        points = _points(f"{metric} {options['label']}", left, right, top, bottom)
        yield f'<polyline class="graph" stroke="{colour}" points="{points}"/>'
    for number, (row, place, label) in enumerate(legend):
        line = bottom + 14 + 13 * row
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        yield f'<rect fill="{colour}" x="{place:.0f}" y="{line - 7}" width="8" height="8" rx="1"/>'
        yield _text(place + 11, line, label)


def _legend(x: int, width: int, labels: Sequence[str]) -> Iterator[tuple[int, float, str]]:
    """Yield the row and the place of each label."""
    row, used = 0, 0.0
    for label in labels:
        needed = 11 + len(label) * CHARACTER + 8
        if used and used + needed > width:
            row, used = row + 1, 0.0
        yield row, x + used, label
        used += needed


def _points(seed: str, left: int, right: int, top: int, bottom: int) -> str:
    """Return a line of sample values, always the same for a seed."""
    samples = hashlib.sha256(seed.encode()).digest()
    level, points = samples[0] / 400, []
    for number in range(POINTS):
        level += (samples[number] / 255 - 0.5) * 0.22
        level = min(max(level, 0.02), 0.95)
        x = left + (right - left) * number / (POINTS - 1)
        points.append(f"{x:.0f},{bottom - (bottom - top) * level:.0f}")
    return " ".join(points)


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


def drawing() -> str:
    """Return the picture of the dashboard of a stack with alarms."""
    deployment = deploy({"observability.dashboard": True, "observability.alarms.topic_arn": TOPIC})
    return image(deployment.resource(DASHBOARD).json("dashboardBody"))


if __name__ == "__main__":
    IMAGE.write_text(drawing(), encoding="utf-8")
