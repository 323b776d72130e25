"""Run every journey with all permissions, then without one permission those that use it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from integration_tests.mutation.decision_log import DecisionLog
from integration_tests.mutation.mutants import Mutant, denied_actions, mutants, mutated, unenforced
from integration_tests.support.journeys import JOURNEYS, Journey
from integration_tests.support.policies import SIGNER, Policy, policy_of, replaced_policy
from integration_tests.support.sockets import HandshakeRefusedError
from integration_tests.support.stack import Stack

FAILURES = (AssertionError, HandshakeRefusedError)
FULL_TIMEOUT = 15.0
MIN_TIMEOUT = 1.5


@dataclass(frozen=True)
class CompleteRun:
    """A journey with all permissions: its duration, and the (role, action) pairs that it used."""

    journey: Journey
    seconds: float
    used: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Result:
    """The id of the journey that fails without a permission, or the reason why none does."""

    mutant: Mutant
    failed_journey: str | None = None
    reason: str = ""
    enforced: bool = True


class MutationRun:
    """All mutants of one stack, one after the other: each changes a live policy."""

    def __init__(self, stack: Stack, decisions: DecisionLog) -> None:
        self._stack = stack
        self._decisions = decisions
        self._policies = [policy_of(stack, key) for key in (*sorted(stack.outputs["functionNames"]), SIGNER)]
        self._complete_runs: list[CompleteRun] = []

    def run_all_journeys(self) -> Iterator[CompleteRun]:
        """Run every journey with all permissions.

        Raises:
            UndeclaredError: a journey does not use a function that it declares.
        """
        self._decisions.read_until_quiet()
        keys = {policy.role: policy.key for policy in self._policies}
        for journey in JOURNEYS.values():
            start = time.monotonic()
            journey.run(self._stack, FULL_TIMEOUT)
            seconds = time.monotonic() - start
            allowed = [decision for decision in self._decisions.read_until_quiet() if decision.allowed]
            if unused := journey.functions - {keys.get(decision.role, "") for decision in allowed}:
                raise UndeclaredError(f"{journey.id} declares {sorted(unused)} and does not use them")
            used = frozenset((decision.role, decision.action) for decision in allowed)
            self._complete_runs.append(CompleteRun(journey, seconds, used))
            yield self._complete_runs[-1]
        self._complete_runs.sort(key=lambda complete: len(complete.used))

    def mutants(self) -> Iterator[tuple[Policy, Mutant]]:
        """Yield every mutant of every policy."""
        for policy in self._policies:
            for mutant in mutants(policy.key, policy.document):
                yield policy, mutant

    def run_mutant(self, policy: Policy, mutant: Mutant, last_journey: str | None) -> Result:
        """Remove the permission and run the journeys that use it until one fails.

        `last_journey`, the one that failed in the last run, comes first, then those that use the fewest permissions.
        """
        actions = denied_actions(policy.document, mutant)
        if (reason := unenforced(actions)) is not None:
            return Result(mutant, reason=reason, enforced=False)
        candidates = [
            complete
            for complete in self._complete_runs
            if policy.key in complete.journey.functions
            and any((policy.role, action) in complete.used for action in actions)
        ]
        if not candidates:
            return Result(mutant, reason="no journey uses it")
        candidates.sort(key=lambda complete: complete.journey.id != last_journey)
        try:
            with replaced_policy(self._stack, policy, mutated(policy.document, mutant)):
                failed = next((run for run in candidates if self._fails(run, policy, actions)), None)
        except UnrelatedFailureError as error:
            return Result(mutant, reason=str(error))
        finally:
            self._decisions.read_until_quiet()
        if failed is None:
            succeeded = ", ".join(complete.journey.id for complete in candidates)
            return Result(mutant, reason=f"not missed by: {succeeded}")
        return Result(mutant, failed_journey=failed.journey.id)

    def _fails(self, complete: CompleteRun, policy: Policy, actions: set[str]) -> bool:
        """Return whether the journey fails and the role was denied one of the actions.

        Raises:
            UnrelatedFailureError: it fails even with the full timeout, and nothing was denied.
        """
        short = max(MIN_TIMEOUT, 2 * complete.seconds)
        for timeout in (short, 2 * short, FULL_TIMEOUT):
            self._decisions.read_new()
            try:
                complete.journey.run(self._stack, timeout)
            except FAILURES as error:
                if self._decisions.wait_for_denial(policy.role, actions, short):
                    return True
                failure = error
            else:
                return False
        raise UnrelatedFailureError(f"{complete.journey.id}: failed ({failure}), and nothing was denied") from failure


class UndeclaredError(Exception):
    """A journey declares a function that it does not use."""


class UnrelatedFailureError(Exception):
    """A journey failed for another reason than the missing permission."""
