"""The record of a journey, and the decorator that registers one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from integration_tests.support.stack import Stack

Run = Callable[[Stack, float], None]


@dataclass(frozen=True)
class Journey:
    """A short use of a stack that raises when the client does not get the expected result.

    Attributes:
        id: the name of its function.
        functions: the handlers whose permissions it needs, and `signer` if it fetches a pre-signed URL.
        run: takes the stack and a time-out in seconds, for waits that normally take milliseconds.
    """

    id: str
    functions: frozenset[str]
    run: Run


JOURNEYS: dict[str, Journey] = {}
"""Every journey by its id, which is the name of its function."""


def journey(*functions: str) -> Callable[[Run], Journey]:
    """Register a function as a journey that needs these functions."""

    def register(run: Run) -> Journey:
        assert run.__name__ not in JOURNEYS, run.__name__
        return JOURNEYS.setdefault(run.__name__, Journey(run.__name__, frozenset(functions), run))

    return register
