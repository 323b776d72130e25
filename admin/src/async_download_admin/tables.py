"""Plain tables and lists of values, for terminals and pipes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from async_download_client.text import printable


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows under headings, in columns; the last column is as wide as its text."""
    cells = [list(headings), *([cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def fields(values: Mapping[str, object], indent: str = "  ") -> str:
    """Return one line for each value."""
    width = max((len(name) for name in values), default=0)
    return "\n".join(f"{indent}{name.ljust(width)}  {cell(value)}" for name, value in values.items())


def cell(value: object) -> str:
    """Return a value in one line, without control characters; `-` for None."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and set(value) == {"code", "message"}:
        return printable(f"{value['code']}: {value['message']}")
    if isinstance(value, Mapping | list | tuple):
        return printable(json.dumps(value, default=str))
    return printable(str(value))
