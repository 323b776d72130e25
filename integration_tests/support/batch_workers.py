"""Stand-ins for the functions of a copy that is too large for one Map: two batches of slices, then the end."""

from __future__ import annotations

from typing import Any

FIRST, SECOND = [0, 1], [2, 3]
Answer = dict[str, Any]


def copy(_event: Answer, _context: object) -> Answer:
    """Return the first batch."""
    return {"outcome": "PLANNED", "slices": FIRST}


def copy_slice(event: Answer, _context: object) -> Answer:
    """Accept a slice of either batch."""
    if event["slice"] not in FIRST + SECOND:
        raise ValueError(event)
    return {}


def complete(event: Answer, _context: object) -> Answer:
    """Return the second batch after the first, and STORED after the second."""
    if event["slices"] == FIRST:
        return {"outcome": "PLANNED", "slices": SECOND}
    return {"outcome": "STORED" if event["slices"] == SECOND else "FAILED"}


def deliver(_event: Answer, _context: object) -> Answer:
    """Return an empty result, as `deliver` and `fail` do."""
    return {}


fail = deliver
