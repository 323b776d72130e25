"""Which journey misses a right: each is made once with all rights, then those that use the right without it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from integration_tests.mutation.mutants import Mutant, lost, mutants, mutated, unenforced
from integration_tests.mutation.witness import Witness
from integration_tests.support import journeys, mishaps, sharing
from integration_tests.support.journeys import Journey
from integration_tests.support.policies import SIGNER, Policy, policy_of, replaced
from integration_tests.support.sockets import RefusedError
from integration_tests.support.stack import Stack

FAILURES = (AssertionError, RefusedError)
UNHURRIED = 15.0
LEAST_PATIENCE = 1.5
ALL = [
    value
    for module in (journeys, mishaps, sharing)
    for name, value in vars(module).items()
    if callable(value) and getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
]


def title(journey: Journey) -> str:
    """What a journey is, in words."""
    return str(journey.__doc__).partition("\n")[0].removesuffix(".")


@dataclass(frozen=True)
class Walk:
    """A journey made with every right: how long it took, and which (role, action) it needed."""

    journey: Journey
    seconds: float
    used: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: the journey that missed the right, or why none did."""

    mutant: Mutant
    killer: str | None = None
    because: str = ""
    enforced: bool = True


class Hunt:
    """All mutants of one stack, one after the other: each changes a live policy."""

    def __init__(self, stack: Stack, witness: Witness) -> None:
        self._stack = stack
        self._witness = witness
        self._policies = [policy_of(stack, key) for key in (*sorted(stack.outputs["functionNames"]), SIGNER)]
        self._walks: list[Walk] = []

    def walk(self) -> Iterator[Walk]:
        """Make every journey, with every right."""
        self._witness.settled()
        for journey in ALL:
            began = time.monotonic()
            journey(self._stack, UNHURRIED)
            took = time.monotonic() - began
            used = frozenset((each.role, each.action) for each in self._witness.settled() if each.allowed)
            self._walks.append(Walk(journey, took, used))
            yield self._walks[-1]
        self._walks.sort(key=lambda walk: len(walk.used))

    def mutants(self) -> Iterator[tuple[Policy, Mutant]]:
        """Every mutant of every policy."""
        for policy in self._policies:
            for mutant in mutants(policy.key, policy.document):
                yield policy, mutant

    def try_(self, policy: Policy, mutant: Mutant, remembered: str | None) -> Verdict:
        """Take the right away and make the journeys that use it until one fails.

        The one that did the last time comes first, then those that use the fewest rights.
        """
        actions = lost(policy.document, mutant)
        reason = unenforced(actions)
        if reason is not None:
            return Verdict(mutant, because=reason, enforced=False)
        using = [walk for walk in self._walks if any((policy.role, action) in walk.used for action in actions)]
        if not using:
            return Verdict(mutant, because="no journey uses it")
        using.sort(key=lambda walk: title(walk.journey) != remembered)
        try:
            with replaced(self._stack, policy, mutated(policy.document, mutant)):
                killer = next((walk for walk in using if self._kills(walk, policy, actions)), None)
        except UnrelatedError as error:
            return Verdict(mutant, because=str(error))
        finally:
            self._witness.settled()
        if killer is None:
            return Verdict(mutant, because=f"not missed by: {_titles(using)}")
        return Verdict(mutant, killer=title(killer.journey))

    def _kills(self, walk: Walk, policy: Policy, actions: set[str]) -> bool:
        """Whether the journey fails, and the role was refused what it lacks.

        Raises:
            UnrelatedError: it fails for another reason, however long it is given.
        """
        hurried = max(LEAST_PATIENCE, 2 * walk.seconds)
        for patience in (hurried, 2 * hurried, UNHURRIED):
            self._witness.news()
            try:
                walk.journey(self._stack, patience)
            except FAILURES as error:
                if self._witness.saw_denied(policy.role, actions, hurried):
                    return True
                failed = error
            else:
                return False
        raise UnrelatedError(f"{title(walk.journey)}: failed ({failed}), and nothing was refused") from failed


class UnrelatedError(Exception):
    """A journey failed for another reason than the right that was taken away."""


def _titles(walks: Iterable[Walk]) -> str:
    return ", ".join(title(walk.journey) for walk in walks)
