"""Draws boxes and arrows as SVG whose colours follow the reader's light or dark scheme."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
:root { --ink: #1f2328; --quiet: #59636e; --line: #8c959f; --paper: #ffffff; --client: #ddf4ff;
  --api: #fbefff; --function: #fff8c5; --machine: #ffeff7; --data: #dafbe1; --other: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #f0f6fc; --quiet: #9198a1; --line: #7d8590; --paper: #0d1117;
  --client: #0c2d6b; --api: #3c1e70; --function: #3b2300; --machine: #5e103e; --data: #033a16; --other: #1f2630; } }
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
.title { font-weight: 600; } .quiet { font-size: 12px; fill: var(--quiet); }
.label { font-size: 11.5px; fill: var(--quiet); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.box { stroke: var(--line); } .arrow { fill: none; stroke: var(--line); stroke-width: 1.4; }
.dashed { stroke-dasharray: 5 4; } .head { fill: var(--line); } .paper { fill: var(--paper); }
"""
HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
)
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle with a title and further lines; `kind` is its colour."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    title: str
    lines: tuple[str, ...] = ()

    @property
    def middle(self) -> float:
        """The vertical middle."""
        return self.y + self.height / 2


@dataclass(frozen=True, order=True)
class Arrow:
    """An arrow between two boxes, by their keys."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


def draw(boxes: dict[str, Box], arrows: Iterable[Arrow], title: str, texts: Sequence[tuple[int, int, str]]) -> str:
    """Return the drawing as SVG, with further texts at their places."""
    width = max(box.x + box.width for box in boxes.values()) + 90
    height = max(box.y + box.height for box in boxes.values()) + 90
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">',
        f"<title>{title}</title><style>{STYLE}</style>{HEAD}<rect class='paper' width='{width}' height='{height}'/>",
    ]
    labels = []
    ports = _ports(boxes, sorted(set(arrows)))
    for arrow, (start, end) in ports.items():
        path, (x, y) = _path(start, end, _sides(boxes[arrow.source], boxes[arrow.target]), height)
        kind = "arrow dashed" if arrow.dashed else "arrow"
        parts.append(f'<path class="{kind}" marker-end="url(#head)" d="{path}"/>')
        labels.append(_text(x, y, arrow.label, "label"))
    for box in boxes.values():
        place = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"'
        parts.append(f'<rect class="box" style="fill: var(--{box.kind})" {place}/>')
        first = box.middle - 19 * len(box.lines) / 2 + 5
        for number, line in enumerate([box.title, *box.lines]):
            parts.append(_text(box.x + box.width / 2, first + 19 * number, line, "quiet" if number else "title"))
    parts += [_text(x, y, text, "quiet") for x, y, text in texts]
    return "\n".join([*parts, *(label for label in labels if label), "</svg>", ""])


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" text-anchor="middle" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>' if text else ""


def _sides(source: Box, target: Box) -> tuple[str, str]:
    """Return the sides at which an arrow leaves and arrives."""
    is_below = target.y >= source.y + source.height
    if is_below and source.kind == target.kind == "other":
        return "bottom", "top"
    if source.kind == "client" and target.kind == "data":
        return "bottom", "right"
    if target.x >= source.x + source.width:
        return "right", "left"
    if source.x >= target.x + target.width:
        return "left", "right"
    return ("bottom", "top") if is_below and target.y - source.y - source.height < 50 else ("left", "left")


def _ports(boxes: dict[str, Box], arrows: Sequence[Arrow]) -> dict[Arrow, tuple[Point, Point]]:
    """Return the points where each arrow begins and ends, spread over the sides of the boxes."""
    ends: dict[tuple[str, str], list[tuple[float, Arrow, int]]] = defaultdict(list)
    for arrow in arrows:
        source, target = boxes[arrow.source], boxes[arrow.target]
        leaves, arrives = _sides(source, target)
        ends[arrow.source, leaves].append((target.x if leaves == "bottom" else target.middle, arrow, 0))
        ends[arrow.target, arrives].append((source.x if arrives == "top" else source.middle, arrow, 1))
    points: dict[Arrow, dict[int, Point]] = defaultdict(dict)
    for (key, side), entries in ends.items():
        box = boxes[key]
        for number, (_, arrow, end) in enumerate(sorted(entries)):
            share = (number + 1) / (len(entries) + 1)
            x = {"left": box.x, "right": box.x + box.width}.get(side, box.x + box.width * share)
            y = {"top": box.y, "bottom": box.y + box.height}.get(side, box.y + box.height * share)
            points[arrow][end] = (round(x, 1), round(y, 1))
    return {arrow: (points[arrow][0], points[arrow][1]) for arrow in arrows}


def _path(start: Point, end: Point, sides: tuple[str, str], height: int) -> tuple[str, Point]:
    """Return the path of an arrow and the place of its label."""
    (x1, y1), (x2, y2) = start, end
    if sides == ("bottom", "right"):  # below all boxes, and up at the right edge
        low, right = height - 52, x2 + 44
        path = f"M{x1:g} {y1:g}V{low - 10:g}q0 10 10 10H{right - 10:g}q10 0 10 -10V{y2 + 10:g}q0 -10 -10 -10H{x2 + 1:g}"
        return path, ((x1 + right) / 2, low - 6)
    if sides == ("left", "left"):
        return f"M{x1:g} {y1:g}C{x1 - 46:g} {y1:g} {x2 - 46:g} {y2:g} {x2 - 1:g} {y2:g}", (x1 - 34, (y1 + y2) / 2)
    if sides == ("bottom", "top"):
        bend = (y2 - y1) * (0.5 if y2 - y1 < 60 else 0.9)  # a long arrow stays beside the boxes between its ends
        controls = (x1, y1 + bend), (x2, y2 - (y2 - y1) / 3)
    else:
        sign = 1 if sides[0] == "right" else -1
        distance = abs(x2 - x1)
        controls = (x1 + sign * distance * (0.95 if distance > 300 else 0.5), y1), (x2 - sign * distance / 3, y2)
        x2 -= sign
    (cx1, cy1), (cx2, cy2) = controls
    label = 0.36 * x1 + 0.42 * cx1 + 0.19 * cx2 + 0.03 * x2, 0.36 * y1 + 0.42 * cy1 + 0.19 * cy2 + 0.03 * y2 + 4
    return f"M{x1:g} {y1:g}C{cx1:.0f} {cy1:.0f} {cx2:.0f} {cy2:.0f} {x2:g} {y2:g}", label
