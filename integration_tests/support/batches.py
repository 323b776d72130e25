"""Functions that play the workers of a file which is too large for one Map: two batches of slices, then the end."""

from __future__ import annotations

from typing import Any

FIRST, SECOND = [0, 1], [2, 3]
Answer = dict[str, Any]


def copy(_event: Answer, _context: object) -> Answer:
    """The first batch."""
    return {"outcome": "PLANNED", "slices": FIRST}


def copy_slice(event: Answer, _context: object) -> Answer:
    """Nothing comes back."""
    if event["slice"] not in FIRST + SECOND:
        raise ValueError(event)
    return {}


def complete(event: Answer, _context: object) -> Answer:
    """The second batch behind the first, and the end behind the second."""
    if event["slices"] == FIRST:
        return {"outcome": "PLANNED", "slices": SECOND}
    return {"outcome": "STORED" if event["slices"] == SECOND else "FAILED"}


def deliver(_event: Answer, _context: object) -> Answer:
    """The end."""
    return {}


fail = deliver
